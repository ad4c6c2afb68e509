/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container/container.h"
#include "test.h"

/* Components that write down what happens to them, as "+a" created, "^a" started, "_a" stopped, "-a" destroyed. */
static char trail[512];

static void mark(char what, const char *name)
{
    size_t used = strlen(trail);
    snprintf(trail + used, sizeof trail - used, "%s%c%s", used ? " " : "", what, name);
}

struct thing {
    const char *name;
    void *first;
};

static int make_thing(const char *name, void *const *dependencies, void **out)
{
    struct thing *thing = malloc(sizeof *thing);
    *thing = (struct thing){name, dependencies[0]};
    mark('+', name);
    *out = thing;
    return 0;
}
static int start_thing(void *instance, struct fault *fault)
{
    mark('^', ((struct thing *)instance)->name);
    return 0;
}
static void stop_thing(void *instance)
{
    mark('_', ((struct thing *)instance)->name);
}
static void destroy_thing(void *instance)
{
    mark('-', ((struct thing *)instance)->name);
    free(instance);
}

#define THING(id, life, ...)                                                                                           \
    static int create_##id(void *const *dependencies, void **out, struct fault *fault)                                 \
    {                                                                                                                  \
        return make_thing(#id, dependencies, out);                                                                     \
    }                                                                                                                  \
    static const char *const uses_##id[] = {__VA_ARGS__};                                                             \
    static const struct component id = {#id, life, uses_##id, create_##id, start_thing, stop_thing, destroy_thing}

/* A singleton with further members. */
#define PART(id, ...)                                                                                                  \
    static int create_##id(void *const *dependencies, void **out, struct fault *fault)                                 \
    {                                                                                                                  \
        return make_thing(#id, dependencies, out);                                                                     \
    }                                                                                                                  \
    static const struct component id = {.name = #id,                                                                   \
                                        .create = create_##id,                                                         \
                                        .start = start_thing,                                                          \
                                        .stop = stop_thing,                                                            \
                                        .destroy = destroy_thing,                                                      \
                                        __VA_ARGS__}

static const char *const needs_base[] = {"base", NULL};

THING(base, COMPONENT_SINGLETON, NULL);
THING(middle, COMPONENT_SINGLETON, "base", NULL);
THING(top, COMPONENT_SINGLETON, "middle", "base", NULL);
THING(orphan, COMPONENT_SINGLETON, "nowhere", NULL);
THING(red, COMPONENT_SINGLETON, "green", NULL);
THING(green, COMPONENT_SINGLETON, "blue", NULL);
THING(blue, COMPONENT_SINGLETON, "red", NULL);
THING(entry, COMPONENT_SINGLETON, "red", NULL);
THING(self, COMPONENT_SINGLETON, "self", NULL);
THING(request, COMPONENT_SCOPED, "base", NULL);
THING(cursor, COMPONENT_TRANSIENT, "request", NULL);
THING(greedy, COMPONENT_SINGLETON, "cursor", NULL);
THING(tool, COMPONENT_TRANSIENT, NULL);
THING(left, COMPONENT_SINGLETON, "tool", NULL);
THING(right, COMPONENT_SINGLETON, "tool", NULL);
THING(product, COMPONENT_FACTORY, "base", NULL);
THING(plant, COMPONENT_SINGLETON, "product", NULL);
THING(handler, COMPONENT_SCOPED, "request", "cursor", NULL);
THING(job, COMPONENT_FACTORY, "cursor", "request", NULL);
THING(engine, COMPONENT_SINGLETON, "job", NULL);
THING(shop, COMPONENT_SINGLETON, "storage", NULL);
THING(blue_shop, COMPONENT_SINGLETON, "storage:blue", NULL);
THING(mall, COMPONENT_SINGLETON, "storage[]", NULL);
PART(red_store, .provides = "storage", .key = "red");
PART(blue_store, .provides = "storage", .key = "blue");
PART(metered, .dependencies = needs_base, .decorates = "base");
PART(cached, .dependencies = needs_base, .decorates = "base");

static int refuse(void *const *dependencies, void **out, struct fault *fault)
{
    return fault_set(fault, MRPC_UNAVAILABLE, "no disk");
}
static int refuse_start(void *instance, struct fault *fault)
{
    return fault_set(fault, MRPC_UNAVAILABLE, "port busy");
}

static int set_up(void **state)
{
    struct container *container;
    trail[0] = 0;
    if (container_new(&container) != 0)
        return -1;
    *state = container;
    return 0;
}
static int tear_down(void **state)
{
    container_free(*state);
    return 0;
}

static void add(struct container *container, const struct component *component)
{
    assert_int_equal(container_add(container, component, NULL), 0);
}

static void starts_in_order_of_dependencies_and_ends_in_reverse(void **state)
{
    struct container *c = *state;
    add(c, &top);
    add(c, &middle);
    add(c, &base);
    assert_int_equal(container_start(c, NULL), 0);
    assert_string_equal(trail, "+base +middle +top ^base ^middle ^top");
    assert_ptr_equal(((struct thing *)container_get(c, "top"))->first, container_get(c, "middle"));
    trail[0] = 0;
    container_stop(c);
    assert_string_equal(trail, "_top _middle _base -top -middle -base");
}

static void can_start_again_after_a_stop(void **state)
{
    struct container *c = *state;
    add(c, &base);
    assert_int_equal(container_start(c, NULL), 0);
    container_stop(c);
    container_stop(c);
    assert_int_equal(container_start(c, NULL), 0);
    assert_string_equal(trail, "+base ^base _base -base +base ^base");
}

static void a_missing_dependency_is_named_and_nothing_is_created(void **state)
{
    struct container *c = *state;
    struct fault fault = FAULT_INIT;
    add(c, &base);
    add(c, &orphan);
    assert_int_equal(container_start(c, &fault), MRPC_FAILED_PRECONDITION);
    assert_string_equal(fault.text, "orphan needs nowhere, which nobody provides");
    assert_string_equal(trail, "");
}

static void a_cycle_is_told_with_its_path(void **state)
{
    struct container *c = *state;
    struct fault fault = FAULT_INIT;
    add(c, &entry);
    add(c, &red);
    add(c, &green);
    add(c, &blue);
    assert_int_equal(container_validate(c, &fault), MRPC_FAILED_PRECONDITION);
    assert_string_equal(fault.text, "dependency cycle: red -> green -> blue -> red");
}

static void a_component_that_needs_itself_is_a_cycle(void **state)
{
    struct container *c = *state;
    struct fault fault = FAULT_INIT;
    add(c, &self);
    assert_int_equal(container_validate(c, &fault), MRPC_FAILED_PRECONDITION);
    assert_string_equal(fault.text, "dependency cycle: self -> self");
}

static void a_singleton_cannot_capture_a_scoped_one_through_a_transient(void **state)
{
    struct container *c = *state;
    struct fault fault = FAULT_INIT;
    add(c, &base);
    add(c, &request);
    add(c, &cursor);
    add(c, &greedy);
    assert_int_equal(container_validate(c, &fault), MRPC_FAILED_PRECONDITION);
    assert_string_equal(fault.text, "singleton greedy captures scoped request: greedy -> cursor -> request");
}

static void each_dependent_gets_its_own_transient(void **state)
{
    struct container *c = *state;
    add(c, &tool);
    add(c, &left);
    add(c, &right);
    assert_int_equal(container_start(c, NULL), 0);
    struct thing *l = container_get(c, "left"), *r = container_get(c, "right");
    assert_ptr_not_equal(l->first, r->first);
    trail[0] = 0;
    container_stop(c);
    assert_string_equal(trail, "_right _left -right -tool -left -tool");
}

static void a_scope_shares_scoped_and_ends_them_in_reverse(void **state)
{
    struct container *c = *state;
    add(c, &base);
    add(c, &request);
    add(c, &cursor);
    add(c, &handler);
    assert_int_equal(container_start(c, NULL), 0);
    struct container_scope *one, *two;
    void *a, *b, *other;
    assert_int_equal(container_scope_new(c, &one), 0);
    assert_int_equal(container_scope_new(c, &two), 0);
    trail[0] = 0;
    assert_int_equal(container_scope_get(one, "handler", &a, NULL), 0);
    assert_int_equal(container_scope_get(one, "request", &b, NULL), 0);
    assert_int_equal(container_scope_get(two, "request", &other, NULL), 0);
    assert_ptr_equal(((struct thing *)a)->first, b);
    assert_ptr_not_equal(b, other);
    container_scope_free(two);
    container_scope_free(one);
    assert_string_equal(trail, "+request +cursor +handler +request -request -handler -cursor -request");
}

static void a_factory_makes_as_many_as_asked(void **state)
{
    struct container *c = *state;
    add(c, &plant);
    add(c, &product);
    add(c, &base);
    assert_int_equal(container_start(c, NULL), 0);
    const struct component_factory *factory = ((struct thing *)container_get(c, "plant"))->first;
    assert_ptr_equal(factory, container_get(c, "product"));
    struct container_scope *first, *second;
    void *a, *b;
    assert_int_equal(component_factory_make(factory, &first, &a, NULL), 0);
    assert_int_equal(component_factory_make(factory, &second, &b, NULL), 0);
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(((struct thing *)a)->first, container_get(c, "base"));
    container_scope_free(first);
    container_scope_free(second);
}

static void each_product_of_a_factory_has_a_scope_of_its_own(void **state)
{
    struct container *c = *state;
    add(c, &base);
    add(c, &request);
    add(c, &cursor);
    add(c, &job);
    add(c, &engine);
    assert_int_equal(container_start(c, NULL), 0);
    const struct component_factory *factory = container_get(c, "job");
    struct container_scope *first, *second;
    void *a, *b;
    trail[0] = 0;
    assert_int_equal(component_factory_make(factory, &first, &a, NULL), 0);
    assert_string_equal(trail, "+request +cursor +job");
    assert_int_equal(component_factory_make(factory, &second, &b, NULL), 0);
    assert_ptr_not_equal(((struct thing *)a)->first, ((struct thing *)b)->first);
    trail[0] = 0;
    container_scope_free(first);
    assert_string_equal(trail, "-job -cursor -request");
    container_scope_free(second);
}

static void a_product_that_fails_half_way_takes_back_what_was_made_for_it(void **state)
{
    struct container *c = *state;
    struct fault fault = FAULT_INIT;
    static struct component broken;
    broken = job;
    broken.create = refuse;
    add(c, &base);
    add(c, &request);
    add(c, &cursor);
    add(c, &broken);
    assert_int_equal(container_start(c, NULL), 0);
    struct container_scope *scope;
    void *made;
    trail[0] = 0;
    assert_int_equal(component_factory_make(container_get(c, "job"), &scope, &made, &fault), MRPC_UNAVAILABLE);
    assert_string_equal(fault.text, "job: no disk");
    assert_string_equal(trail, "+request +cursor -cursor -request");
}

/* ---- From many threads ---- */

enum { THREADS = 8, ROUNDS = 2000 };

static _Atomic int counted;

static int create_counted(void *const *dependencies, void **out, struct fault *fault)
{
    atomic_fetch_add(&counted, 1);
    void **cell = malloc(sizeof *cell);
    *cell = dependencies[0];
    *out = cell;
    return 0;
}
static void destroy_counted(void *instance)
{
    free(instance);
}
static const char *const needs_nothing[] = {NULL}, *const needs_shared[] = {"shared", NULL},
                         *const needs_local[] = {"local", NULL};
static const struct component shared = {"shared", COMPONENT_SINGLETON, needs_nothing, create_counted,
                                        .destroy = destroy_counted};
static const struct component local = {"local", COMPONENT_SCOPED, needs_shared, create_counted,
                                       .destroy = destroy_counted};
static const struct component call = {"call", COMPONENT_FACTORY, needs_local, create_counted,
                                      .destroy = destroy_counted};

static void *make_calls(void *arg)
{
    struct container *c = arg;
    const struct component_factory *factory = container_get(c, "call");
    for (int i = 0; i < ROUNDS; i++) {
        struct container_scope *scope;
        void *made;
        if (component_factory_make(factory, &scope, &made, NULL))
            return "no call";
        void **of_scope = *(void **)made;
        if (*of_scope != container_get(c, "shared"))
            return "another singleton";
        container_scope_free(scope);
    }
    return NULL;
}

static void eight_threads_share_one_singleton_and_no_scope(void **state)
{
    struct container *c = *state;
    pthread_t threads[THREADS];
    add(c, &shared);
    add(c, &local);
    add(c, &call);
    atomic_store(&counted, 0);
    assert_int_equal(container_start(c, NULL), 0);
    assert_int_equal(atomic_load(&counted), 1);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_calls, c), 0);
    for (int i = 0; i < THREADS; i++) {
        void *complaint;
        pthread_join(threads[i], &complaint);
        assert_null(complaint);
    }
    assert_int_equal(atomic_load(&counted), 1 + 2 * THREADS * ROUNDS);
}

/* ---- Interfaces, keys, lists ---- */

static void an_interface_is_found_by_its_only_provider(void **state)
{
    struct container *c = *state;
    add(c, &red_store);
    add(c, &shop);
    assert_int_equal(container_start(c, NULL), 0);
    assert_ptr_equal(((struct thing *)container_get(c, "shop"))->first, container_get(c, "red_store"));
}

static void two_providers_of_an_interface_need_a_key(void **state)
{
    struct container *c = *state;
    struct fault fault = FAULT_INIT;
    add(c, &red_store);
    add(c, &blue_store);
    add(c, &shop);
    assert_int_equal(container_start(c, &fault), MRPC_FAILED_PRECONDITION);
    assert_string_equal(fault.text, "shop needs storage, which red_store and blue_store provide: say which");
    assert_string_equal(trail, "");
}

static void a_key_chooses_among_providers(void **state)
{
    struct container *c = *state;
    add(c, &red_store);
    add(c, &blue_store);
    add(c, &blue_shop);
    assert_int_equal(container_start(c, NULL), 0);
    assert_ptr_equal(((struct thing *)container_get(c, "blue_shop"))->first, container_get(c, "blue_store"));
}

static void a_key_that_nobody_has_is_named(void **state)
{
    struct container *c = *state;
    struct fault fault = FAULT_INIT;
    add(c, &red_store);
    add(c, &blue_shop);
    assert_int_equal(container_start(c, &fault), MRPC_FAILED_PRECONDITION);
    assert_string_equal(fault.text, "blue_shop needs storage:blue, which nobody provides");
}

static void a_list_holds_all_providers_in_the_order_of_adding(void **state)
{
    struct container *c = *state;
    add(c, &mall);
    add(c, &blue_store);
    add(c, &red_store);
    assert_int_equal(container_start(c, NULL), 0);
    const struct component_list *list = ((struct thing *)container_get(c, "mall"))->first;
    assert_int_equal(list->count, 2);
    assert_ptr_equal(list->objects[0], container_get(c, "blue_store"));
    assert_ptr_equal(list->objects[1], container_get(c, "red_store"));
    trail[0] = 0;
    container_stop(c);
    assert_string_equal(trail, "_mall _red_store _blue_store -mall -red_store -blue_store");
}

static void a_list_may_be_empty(void **state)
{
    struct container *c = *state;
    add(c, &mall);
    assert_int_equal(container_start(c, NULL), 0);
    assert_int_equal(((const struct component_list *)((struct thing *)container_get(c, "mall"))->first)->count, 0);
}

/* ---- Decorators ---- */

static void decorators_stack_up_and_all_others_get_the_outermost(void **state)
{
    struct container *c = *state;
    add(c, &base);
    add(c, &middle);
    add(c, &metered);
    add(c, &cached);
    assert_int_equal(container_start(c, NULL), 0);
    assert_string_equal(trail, "+base +metered +cached +middle ^base ^metered ^cached ^middle");
    struct thing *outermost = container_get(c, "base"), *user = container_get(c, "middle");
    assert_string_equal(outermost->name, "cached");
    assert_ptr_equal(user->first, outermost);
    assert_string_equal(((struct thing *)outermost->first)->name, "metered");
    assert_string_equal(((struct thing *)((struct thing *)outermost->first)->first)->name, "base");
    trail[0] = 0;
    container_stop(c);
    assert_string_equal(trail, "_middle _cached _metered _base -middle -cached -metered -base");
}

static void a_decorator_wraps_what_stands_in_for_a_component_too(void **state)
{
    struct container *c = *state;
    static struct component fake;
    fake = base;
    fake.start = NULL;
    add(c, &base);
    add(c, &metered);
    assert_int_equal(container_override(c, &fake, NULL), 0);
    assert_int_equal(container_start(c, NULL), 0);
    assert_string_equal(trail, "+base +metered ^metered");
}

static void a_decorator_needs_something_of_its_own_lifetime_to_wrap(void **state)
{
    struct container *c = *state;
    struct fault fault = FAULT_INIT;
    add(c, &metered);
    assert_int_equal(container_validate(c, &fault), MRPC_FAILED_PRECONDITION);
    assert_string_equal(fault.text, "metered decorates base, which nobody provides");
    static struct component brief;
    brief = base;
    brief.lifetime = COMPONENT_TRANSIENT;
    add(c, &brief);
    assert_int_equal(container_validate(c, &fault), MRPC_FAILED_PRECONDITION);
    assert_non_null(strstr(fault.text, "metered cannot decorate base"));
}

static void a_failed_constructor_is_named_and_what_was_made_is_undone(void **state)
{
    struct container *c = *state;
    struct fault fault = FAULT_INIT;
    struct component broken = top;
    broken.create = refuse;
    add(c, &base);
    add(c, &middle);
    add(c, &broken);
    assert_int_equal(container_start(c, &fault), MRPC_UNAVAILABLE);
    assert_string_equal(fault.text, "top: no disk");
    assert_string_equal(trail, "+base +middle -middle -base");
}

static void a_failed_start_stops_only_what_had_started(void **state)
{
    struct container *c = *state;
    struct fault fault = FAULT_INIT;
    struct component broken = middle;
    broken.start = refuse_start;
    add(c, &base);
    add(c, &broken);
    add(c, &top);
    assert_int_equal(container_start(c, &fault), MRPC_UNAVAILABLE);
    assert_string_equal(fault.text, "middle: port busy");
    assert_string_equal(trail, "+base +middle +top ^base _base -top -middle -base");
}

static void a_test_can_override_a_component_by_name(void **state)
{
    struct container *c = *state;
    static struct component fake; /* the container borrows it until the tear-down */
    fake = base;
    fake.start = NULL;
    add(c, &base);
    assert_int_equal(container_override(c, &top, NULL), MRPC_NOT_FOUND);
    assert_int_equal(container_override(c, &fake, NULL), 0);
    assert_int_equal(container_start(c, NULL), 0);
    assert_string_equal(trail, "+base");
}

static void a_name_is_provided_once(void **state)
{
    struct container *c = *state;
    int value = 5;
    assert_int_equal(container_add_value(c, "base", &value, NULL), 0);
    assert_int_equal(container_add(c, &base, NULL), MRPC_ALREADY_EXISTS);
    add(c, &middle);
    assert_int_equal(container_start(c, NULL), 0);
    assert_ptr_equal(((struct thing *)container_get(c, "middle"))->first, &value);
}

static void the_graph_is_exported_as_dot_and_json(void **state)
{
    struct container *c = *state;
    add(c, &base);
    add(c, &middle);
    assert_int_equal(container_validate(c, NULL), 0);
    char text[512] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    container_print_dot(c, out);
    fclose(out);
    assert_non_null(strstr(text, "\"middle\" -> \"base\";"));
    out = fmemopen(text, sizeof text, "w");
    container_print_json(c, out);
    fclose(out);
    assert_string_equal(text,
                        "{\"components\": [\n"
                        "  {\"name\": \"base\", \"lifetime\": \"singleton\", \"dependencies\": []},\n"
                        "  {\"name\": \"middle\", \"lifetime\": \"singleton\", \"dependencies\": [\"base\"]}\n]}\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(starts_in_order_of_dependencies_and_ends_in_reverse),
        TEST(can_start_again_after_a_stop),
        TEST(a_missing_dependency_is_named_and_nothing_is_created),
        TEST(a_cycle_is_told_with_its_path),
        TEST(a_component_that_needs_itself_is_a_cycle),
        TEST(a_singleton_cannot_capture_a_scoped_one_through_a_transient),
        TEST(each_dependent_gets_its_own_transient),
        TEST(a_scope_shares_scoped_and_ends_them_in_reverse),
        TEST(a_factory_makes_as_many_as_asked),
        TEST(each_product_of_a_factory_has_a_scope_of_its_own),
        TEST(a_product_that_fails_half_way_takes_back_what_was_made_for_it),
        TEST(eight_threads_share_one_singleton_and_no_scope),
        TEST(an_interface_is_found_by_its_only_provider),
        TEST(two_providers_of_an_interface_need_a_key),
        TEST(a_key_chooses_among_providers),
        TEST(a_key_that_nobody_has_is_named),
        TEST(a_list_holds_all_providers_in_the_order_of_adding),
        TEST(a_list_may_be_empty),
        TEST(decorators_stack_up_and_all_others_get_the_outermost),
        TEST(a_decorator_wraps_what_stands_in_for_a_component_too),
        TEST(a_decorator_needs_something_of_its_own_lifetime_to_wrap),
        TEST(a_failed_constructor_is_named_and_what_was_made_is_undone),
        TEST(a_failed_start_stops_only_what_had_started),
        TEST(a_test_can_override_a_component_by_name),
        TEST(a_name_is_provided_once),
        TEST(the_graph_is_exported_as_dot_and_json),
    };
    return cmocka_run_group_tests_name("container", tests, NULL, NULL);
}
