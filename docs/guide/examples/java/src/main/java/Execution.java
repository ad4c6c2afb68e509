// SPDX-License-Identifier: Apache-2.0
import static java.util.concurrent.TimeUnit.SECONDS;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import mltrainer.execution.v1.DatasetOuterClass.Dataset;
import mltrainer.execution.v1.DatasetOuterClass.UploadDatasetHeader;
import mltrainer.execution.v1.DatasetOuterClass.UploadDatasetRequest;
import mltrainer.execution.v1.DatasetOuterClass.UploadDatasetResponse;
import mltrainer.execution.v1.ExecutionServiceGrpc;
import mltrainer.execution.v1.Features.ColumnSelection;
import mltrainer.execution.v1.JobOuterClass.Job;
import mltrainer.execution.v1.JobOuterClass.JobResult;
import mltrainer.execution.v1.JobOuterClass.JobSpec;
import mltrainer.execution.v1.JobOuterClass.JobState;
import mltrainer.execution.v1.JobOuterClass.SubmitJobRequest;
import mltrainer.execution.v1.JobOuterClass.TrainSpec;
import mltrainer.execution.v1.JobOuterClass.WatchJobRequest;
import mltrainer.execution.v1.Predict.PredictRequest;
import mltrainer.execution.v1.TableOuterClass.Column;
import mltrainer.execution.v1.TableOuterClass.DataReference;
import mltrainer.execution.v1.TableOuterClass.Metric;

/** Uploading, training, following and predicting. */
final class Execution {
    private final Channel channel;

    Execution(Channel channel) {
        this.channel = channel;
    }

    private ExecutionServiceGrpc.ExecutionServiceBlockingStub execution(int seconds) {
        return ExecutionServiceGrpc.newBlockingStub(channel).withDeadlineAfter(seconds, SECONDS);
    }

    void train(String file, String target) throws Exception {
        Dataset dataset = upload(Path.of(file));
        System.out.printf("dataset %s@%d, %d rows%n", dataset.getName(), dataset.getVersion(), dataset.getRowCount());
        var data = DataReference.newBuilder().setDataset(dataset.getName() + "@" + dataset.getVersion()).build();
        var train = TrainSpec.newBuilder().setModel("ridge").setData(data).setArtifactName("example")
            .setSelection(ColumnSelection.newBuilder().setTargetColumn(target));
        var request = SubmitJobRequest.newBuilder().setSpec(JobSpec.newBuilder().setTrain(train))
            .setRequestId(UUID.randomUUID().toString()).build(); // harmless to repeat
        JobResult result = follow(execution(Example.CALL_S).submitJob(request).getJob().getId());
        for (Metric metric : result.getTestMetricsList()) {
            System.out.printf("%s %.6g%n", metric.getName(), metric.getValue());
        }
        var wanted = PredictRequest.newBuilder().setArtifact(result.getArtifact()).setData(data).setLastRowOnly(true).build();
        for (Column column : execution(Example.CALL_S).predict(wanted).getTable().getColumnsList()) {
            if (column.getName().equals("prediction")) {
                System.out.printf("prediction %.5f%n", column.getDoubles().getValues(0));
            }
        }
    }

    private Dataset upload(Path path) throws Exception {
        try (InputStream file = Files.newInputStream(path)) {
            var upload = new Upload(file);
            ExecutionServiceGrpc.newStub(channel).withDeadlineAfter(Example.JOB_S, SECONDS).uploadDataset(upload);
            return upload.done.get().getDataset();
        }
    }

    /** Sends a file as fast as the server takes it. */
    private static final class Upload implements ClientResponseObserver<UploadDatasetRequest, UploadDatasetResponse> {
        final CompletableFuture<UploadDatasetResponse> done = new CompletableFuture<>();
        private final InputStream file;
        private ClientCallStreamObserver<UploadDatasetRequest> requests;
        private UploadDatasetRequest next = UploadDatasetRequest.newBuilder().setHeader(UploadDatasetHeader.newBuilder().setName("example")).build();

        Upload(InputStream file) {
            this.file = file;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<UploadDatasetRequest> requests) {
            this.requests = requests;
            requests.setOnReadyHandler(this::send);
        }

        private void send() {
            try {
                while (next != null && requests.isReady()) {
                    requests.onNext(next);
                    byte[] chunk = file.readNBytes(256 * 1024);
                    next = chunk.length == 0 ? null : UploadDatasetRequest.newBuilder().setChunk(ByteString.copyFrom(chunk)).build();
                    if (next == null) {
                        requests.onCompleted();
                    }
                }
            } catch (IOException error) {
                requests.cancel("cannot read the file", error);
            }
        }

        @Override
        public void onNext(UploadDatasetResponse response) {
            done.complete(response);
        }

        @Override
        public void onError(Throwable error) {
            done.completeExceptionally(error);
        }

        @Override
        public void onCompleted() {}
    }

    /** Tells what the job does until it ends; its result. */
    private JobResult follow(String id) {
        Job ended = null;
        var events = execution(Example.JOB_S).watchJob(WatchJobRequest.newBuilder().setId(id).build());
        while (events.hasNext()) {
            var message = events.next();
            if (message.getEvent().hasProgress()) {
                var progress = message.getEvent().getProgress();
                System.out.printf("%.0f%% %s%n", 100 * progress.getFraction(), progress.getStage());
            }
            if (message.hasJob()) {
                ended = message.getJob();
                System.out.println(Example.word(ended.getState(), "JOB_STATE_"));
            }
        }
        if (ended == null || ended.getState() != JobState.JOB_STATE_SUCCEEDED) {
            throw new IllegalStateException(ended == null ? "the job has no end" : ended.getFailure().getMessage());
        }
        return ended.getResult();
    }
}
