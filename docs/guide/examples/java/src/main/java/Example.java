// SPDX-License-Identifier: Apache-2.0
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.File;
import java.util.Map;

/**
 * mlTrainer from Java.
 *
 * <pre>
 * java -cp 'target/*:target/dependency/*' Example keep SERVICE ID ADDRESS PORT   register and stay registered, until SIGINT or SIGTERM
 * java -cp 'target/*:target/dependency/*' Example train FILE.csv TARGET          upload, train, follow the job, predict the last row
 * java -cp 'target/*:target/dependency/*' Example watch SERVICE                  tell each change of a service's instances
 * </pre>
 *
 * The server is MLTRAINER_SERVER (127.0.0.1:50051), over TLS if MLTRAINER_CA names a file of certificates;
 * MLTRAINER_TOKEN is sent.
 */
public final class Example {
    static final int CALL_S = 10, JOB_S = 300;

    static ManagedChannel connect() throws Exception {
        Map<String, String> environment = System.getenv();
        var credentials = environment.containsKey("MLTRAINER_CA")
            ? TlsChannelCredentials.newBuilder().trustManager(new File(environment.get("MLTRAINER_CA"))).build()
            : InsecureChannelCredentials.create();
        return Grpc.newChannelBuilder(environment.getOrDefault("MLTRAINER_SERVER", "127.0.0.1:50051"), credentials).build();
    }

    /** The channel with the token, if there is one, in each call. */
    static Channel authorized(Channel channel) {
        String token = System.getenv("MLTRAINER_TOKEN");
        if (token == null) {
            return channel;
        }
        var headers = new Metadata();
        headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
        return ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    /** "JOB_STATE_RUNNING" without its prefix, as people read it. */
    static String word(Enum<?> value, String prefix) {
        return value.name().replaceFirst(prefix, "").toLowerCase();
    }

    public static void main(String[] arguments) throws Exception {
        String command = arguments.length == 0 ? "" : arguments[0] + "/" + (arguments.length - 1);
        ManagedChannel channel = connect();
        switch (command) {
            case "keep/4" -> new Registry(authorized(channel)).keep(arguments[1], arguments[2], arguments[3], Integer.parseInt(arguments[4]));
            case "train/2" -> new Execution(authorized(channel)).train(arguments[1], arguments[2]);
            case "watch/1" -> new Registry(authorized(channel)).watch(arguments[1]);
            default -> {
                System.err.println("usage: Example keep SERVICE ID ADDRESS PORT | train FILE.csv TARGET | watch SERVICE");
                System.exit(64);
            }
        }
        channel.shutdownNow();
    }

    private Example() {}
}
