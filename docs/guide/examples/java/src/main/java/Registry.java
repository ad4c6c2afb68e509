// SPDX-License-Identifier: Apache-2.0
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import com.google.protobuf.Duration;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;
import mltrainer.registry.v1.Registry.Change;
import mltrainer.registry.v1.Registry.DeregisterRequest;
import mltrainer.registry.v1.Registry.Endpoint;
import mltrainer.registry.v1.Registry.HeartbeatRequest;
import mltrainer.registry.v1.Registry.HeartbeatStreamRequest;
import mltrainer.registry.v1.Registry.HeartbeatStreamResponse;
import mltrainer.registry.v1.Registry.Instance;
import mltrainer.registry.v1.Registry.InstanceKey;
import mltrainer.registry.v1.Registry.RegisterRequest;
import mltrainer.registry.v1.Registry.RegisterResponse;
import mltrainer.registry.v1.Registry.WatchRequest;
import mltrainer.registry.v1.RegistryServiceGrpc;

/** Registering, staying registered, and watching others. */
final class Registry {
    private final Channel channel;
    private final CountDownLatch leave = new CountDownLatch(1);
    private final CountDownLatch left = new CountDownLatch(1);

    Registry(Channel channel) {
        this.channel = channel;
    }

    private RegistryServiceGrpc.RegistryServiceBlockingStub registry() {
        return RegistryServiceGrpc.newBlockingStub(channel).withDeadlineAfter(Example.CALL_S, SECONDS);
    }

    /** Holds an instance: a restart, an outage or a deregistration by somebody else makes it register again. */
    void keep(String service, String id, String address, int port) throws InterruptedException {
        Runtime.getRuntime().addShutdownHook(new Thread(this::end));
        var key = InstanceKey.newBuilder().setService(service).setId(id).build();
        var instance = Instance.newBuilder().setKey(key).addEndpoints(Endpoint.newBuilder().setAddress(address).setPort(port))
            .setLeaseTtl(Duration.newBuilder().setSeconds(10)).build();
        do {
            try {
                var registered = registry().register(RegisterRequest.newBuilder().setInstance(instance).build());
                System.out.printf("registered %s/%s, incarnation %d%n", service, id, registered.getInstance().getIncarnation());
                heartbeats(key, registered);
            } catch (StatusRuntimeException error) {
                System.out.printf("lost: %s%n", error.getMessage());
            }
        } while (!leave.await(ThreadLocalRandom.current().nextLong(100, 1000), MILLISECONDS));
        try {
            registry().deregister(DeregisterRequest.newBuilder().setKey(key).build());
        } catch (StatusRuntimeException error) {
            if (error.getStatus().getCode() != Status.Code.NOT_FOUND) { // it may be gone already
                throw error;
            }
        }
        System.out.printf("deregistered %s/%s%n", service, id);
        left.countDown();
    }

    /** The process is asked to end: wait until the instance is deregistered. */
    private void end() {
        leave.countDown();
        try {
            left.await(Example.CALL_S, SECONDS);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    /** Heartbeats until they fail (then it throws) or the process is asked to end. */
    private void heartbeats(InstanceKey key, RegisterResponse registered) throws InterruptedException {
        var broken = new CompletableFuture<Void>();
        var requests = RegistryServiceGrpc.newStub(channel).heartbeatStream(new StreamObserver<HeartbeatStreamResponse>() {
            @Override
            public void onNext(HeartbeatStreamResponse answer) {
                if (answer.getCode() != 0) {
                    broken.completeExceptionally(Status.fromCodeValue(answer.getCode()).withDescription(answer.getText()).asRuntimeException());
                }
            }

            @Override
            public void onError(Throwable error) {
                broken.completeExceptionally(Status.fromThrowable(error).asRuntimeException());
            }

            @Override
            public void onCompleted() {
                broken.completeExceptionally(Status.UNAVAILABLE.withDescription("the stream ended").asRuntimeException());
            }
        });
        var heartbeat = HeartbeatStreamRequest.newBuilder().setExpireOnDisconnect(true).setHeartbeat(HeartbeatRequest.newBuilder()
            .setKey(key).setIncarnation(registered.getInstance().getIncarnation())).build();
        leaveAware(broken);
        var interval = java.time.Duration.ofSeconds(registered.getHeartbeatInterval().getSeconds(), registered.getHeartbeatInterval().getNanos());
        while (leave.getCount() > 0) {
            requests.onNext(heartbeat);
            try {
                broken.get(interval.toMillis(), MILLISECONDS);
            } catch (TimeoutException due) {
                continue;
            } catch (ExecutionException error) {
                requests.onError(error.getCause());
                throw (StatusRuntimeException) error.getCause();
            }
        }
        requests.onCompleted();
    }

    /** Wakes whoever waits for @broken when the process is asked to end. */
    private void leaveAware(CompletableFuture<Void> broken) {
        var thread = new Thread(() -> {
            try {
                leave.await();
                broken.complete(null);
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    /** Tells the changes of a service's instances as they happen. */
    void watch(String service) {
        var messages = RegistryServiceGrpc.newBlockingStub(channel).watch(WatchRequest.newBuilder().setService(service).build());
        while (messages.hasNext()) {
            var message = messages.next();
            for (Instance instance : message.getSnapshot().getInstancesList()) {
                tell("present", instance);
            }
            for (Change change : message.getChanges().getChangesList()) {
                tell(Example.word(change.getKind(), "CHANGE_KIND_"), change.getInstance());
            }
        }
    }

    private static void tell(String what, Instance instance) {
        System.out.printf("%s %s %s%n", what, instance.getKey().getId(), Example.word(instance.getStatus().getState(), "HEALTH_STATE_"));
    }
}
