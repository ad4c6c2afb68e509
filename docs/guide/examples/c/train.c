/* SPDX-License-Identifier: Apache-2.0 */
#include <err.h>
#include <stdio.h>

#include <mltrainer/mltrainer.h>

/* train ADDRESS FILE.csv: ridge learns a day's close from its open, high and low; then the close of one more day. */
int main(int argc, char **argv)
{
    static const char *const names[] = {"open", "high", "low"};
    const struct mlt_training training = {.struct_bytes = sizeof training, .dataset = "prices", .model = "ridge",
                                          .features = names, .feature_count = 3, .target = "close", .artifact = "day"};
    struct mlt_client *client;
    struct mlt_error error;
    char job[MLT_JOB_ID_BYTES];
    double close;
    if (argc != 3)
        errx(2, "usage: train ADDRESS FILE.csv");
    if (mlt_client_new(argv[1], NULL, &client, &error) || mlt_dataset_upload(client, "prices", argv[2], NULL, &error) ||
        mlt_train(client, &training, job, &error) || mlt_job_wait(client, job, NULL, NULL, NULL, &error) ||
        mlt_predict(client, "day", names, (double[]){2498.9, 2520.3, 2482.8}, 3, &close, &error))
        errx(1, "%s", error.message);
    printf("%.2f\n", close);
    mlt_client_free(client);
    return 0;
}
