package example;

import com.google.gson.JsonParser;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import postern.code.v1.CodeIssuer.IssueCodeRequest;
import postern.code.v1.CodeIssuerServiceGrpc;
import postern.code.v1.CodeIssuerServiceGrpc.CodeIssuerServiceBlockingStub;
import postern.code.v1.User.IdentifierType;
import postern.code.v1.User.UserIdentifier;
import postern.code.v1.Verifier.VerifyCodeRequest;
import postern.code.v1.VerifierServiceGrpc;
import postern.code.v1.VerifierServiceGrpc.VerifierServiceBlockingStub;

/** Issues a code as the help desk does, redeems it as a login backend does, and reads every refusal. */
public final class Recover {
  // The demo's addresses and clients, whose secrets are public. Keep yours in files.
  private static final String TOKEN_ENDPOINT = setting("TOKEN_ENDPOINT", "http://127.0.0.1:8080/oidc/token");
  private static final String ISSUER = setting("ISSUER", "127.0.0.1:50051");
  private static final String VERIFIER = setting("VERIFIER", "127.0.0.1:50052");
  private static final Duration DEADLINE = Duration.ofSeconds(5);

  private static String setting(String name, String standard) {
    return System.getenv().getOrDefault(name, standard);
  }

  /** Gets an access token, as metadata of a call. It lives for an hour: keep it in a server. */
  private static Metadata authorization(String client) throws IOException, InterruptedException {
    var form = "grant_type=client_credentials&client_id=%s&client_secret=%s-secret".formatted(client, client);
    var request = HttpRequest.newBuilder(URI.create(TOKEN_ENDPOINT))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .timeout(DEADLINE)
        .POST(HttpRequest.BodyPublishers.ofString(form))
        .build();
    var answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException("the token endpoint says " + answer.statusCode() + ": " + answer.body());
    }
    var token = JsonParser.parseString(answer.body()).getAsJsonObject().get("access_token").getAsString();
    var metadata = new Metadata();
    metadata.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    return metadata;
  }

  /** Describes an error by its details. A call that is UNAVAILABLE may be sent again with the same key. */
  private static String refusal(StatusRuntimeException error) throws InvalidProtocolBufferException {
    var status = StatusProto.fromThrowable(error);
    List<String> texts = new ArrayList<>(List.of(status.getMessage()));
    for (Any detail : status.getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        var info = detail.unpack(ErrorInfo.class);
        texts.add(0, info.getReason());
        info.getMetadataMap().forEach((key, value) -> texts.add(key + "=" + value));
      } else if (detail.is(BadRequest.class)) {
        detail.unpack(BadRequest.class).getFieldViolationsList()
            .forEach(violation -> texts.add("field " + violation.getField()));
      } else if (detail.is(RetryInfo.class)) {
        var delay = detail.unpack(RetryInfo.class).getRetryDelay();
        texts.add("try again in " + delay.getSeconds() + " s");
      }
    }
    return String.join("; ", texts);
  }

  /** Redeems a code. A denial is a reply, a malformed code is an error. */
  private static void verify(VerifierServiceBlockingStub verifier, UserIdentifier user, String code)
      throws InvalidProtocolBufferException {
    var request = VerifyCodeRequest.newBuilder()
        .setUser(user)
        .setCode(code)
        .setIdempotencyKey(UUID.randomUUID().toString())
        .build();
    try {
      var reply = verifier.withDeadlineAfter(DEADLINE).verifyCode(request);
      System.out.println(reply.hasAccepted()
          ? "accepted: grant " + reply.getAccepted().getGrantId()
          : "rejected: " + reply.getRejected().getReason());
    } catch (StatusRuntimeException error) {
      System.out.println("refused: " + refusal(error));
    }
  }

  /** Recovers a user, with the number of the recovery page if there is one. */
  private static void recover(
      CodeIssuerServiceBlockingStub issuer,
      VerifierServiceBlockingStub verifier,
      UserIdentifier user,
      String pairingNumber) throws InvalidProtocolBufferException {
    // A call that is sent again with the same key acts once.
    var request = IssueCodeRequest.newBuilder()
        .setUser(user)
        .setPairingNumber(pairingNumber)
        .setIdempotencyKey(UUID.randomUUID().toString())
        .build();
    var issued = issuer.withDeadlineAfter(DEADLINE).issueCode(request);
    System.out.println("issued " + issued.getCode() + ": " + issued.getAttemptsAllowed() + " attempts"
        + (issued.getPaired() ? ", paired" : ""));
    var wrong = (issued.getCode().startsWith("2") ? "3" : "2") + issued.getCode().substring(1);
    for (var code : List.of("no code", wrong, issued.getCode())) {
      verify(verifier, user, code);
    }
  }

  private static ManagedChannel channel(String address) {
    return Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
  }

  public static void main(String[] arguments) throws Exception {
    var user = UserIdentifier.newBuilder()
        .setType(IdentifierType.IDENTIFIER_TYPE_USER_ID)
        .setValue(arguments[0])
        .build();
    var pairingNumber = arguments.length > 1 ? arguments[1] : "";
    var toIssuer = channel(ISSUER);
    var toVerifier = channel(VERIFIER);
    var issuer = CodeIssuerServiceGrpc.newBlockingStub(toIssuer)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(authorization("acme-support")));
    var verifier = VerifierServiceGrpc.newBlockingStub(toVerifier)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(authorization("acme-verifier")));
    try {
      recover(issuer, verifier, user, pairingNumber);
    } catch (StatusRuntimeException error) {
      System.err.println("refused: " + refusal(error));
      System.exit(1);
    } finally {
      toIssuer.shutdownNow().awaitTermination(1, TimeUnit.SECONDS);
      toVerifier.shutdownNow().awaitTermination(1, TimeUnit.SECONDS);
    }
  }

  private Recover() {}
}
