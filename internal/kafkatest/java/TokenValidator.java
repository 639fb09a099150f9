import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * Lets clients in by OAUTHBEARER, in a broker of a test. A token is either one of the
 * options token_PRINCIPAL, or one of Amazon MSK: base64url of a URL that is presigned
 * by Signature Version 4 with one of the options key_ACCESSKEY, for option region.
 * The others: lifetime_seconds, how long a login lasts at most, and clock_behind_seconds, by
 * which this broker's clock is wrong.
 */
public class TokenValidator implements AuthenticateCallbackHandler {
    private static final long SKEW_SECONDS = 300; // how far ahead a signature may be dated

    private Map<String, ?> options;

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> jaas) {
        options = jaas.get(0).getOptions();
    }

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (!(callback instanceof OAuthBearerValidatorCallback)) {
                throw new UnsupportedCallbackException(callback);
            }
            OAuthBearerValidatorCallback validator = (OAuthBearerValidatorCallback) callback;
            String value = validator.tokenValue();
            for (Map.Entry<String, ?> option : options.entrySet()) {
                if (option.getKey().startsWith("token_") && option.getValue().equals(value)) {
                    long expiry = now().plusSeconds(3600).toEpochMilli();
                    validator.token(token(value, option.getKey().substring("token_".length()), expiry));
                }
            }
            if (validator.token() == null && value.contains(".")) { // a JWT of somebody else
                validator.error("invalid_token", null, null);
            } else if (validator.token() == null) {
                validator.token(presigned(value));
            }
        }
    }

    /** What a presigned URL proves. Why it does not goes to the broker's log only, as on MSK. */
    private OAuthBearerToken presigned(String value) {
        try {
            return verify(value);
        } catch (Exception e) {
            System.err.println("TokenValidator: refused: " + e.getMessage());
            throw new SaslAuthenticationException("[" + UUID.randomUUID() + "]: Access denied");
        }
    }

    private OAuthBearerToken verify(String value) throws Exception {
        String url = new String(Base64.getUrlDecoder().decode(value), StandardCharsets.UTF_8);
        String host = "kafka." + options.get("region") + ".amazonaws.com";
        check(url.startsWith("https://" + host + "/?"), "not signed for " + host);
        Map<String, String> raw = new TreeMap<>();
        Map<String, String> plain = new HashMap<>();
        for (String pair : url.substring(url.indexOf('?') + 1).split("&")) {
            String[] parts = pair.split("=", 2);
            check(raw.put(parts[0], parts[1]) == null, parts[0] + " is there twice");
            plain.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
        }
        raw.remove("User-Agent"); // added after signing
        String signature = raw.remove("X-Amz-Signature");
        check("kafka-cluster:Connect".equals(plain.get("Action")), "another action");
        check("host".equals(plain.get("X-Amz-SignedHeaders")), "other headers signed");

        String[] credential = plain.get("X-Amz-Credential").split("/", 2);
        Object secret = options.get("key_" + credential[0]);
        check(secret != null, "unknown access key");
        String date = plain.get("X-Amz-Date");
        String scope = date.substring(0, 8) + "/" + options.get("region") + "/kafka-cluster/aws4_request";
        check(scope.equals(credential[1]), "scope is not " + scope);
        String query = String.join("&", raw.entrySet().stream().map(Object::toString).toList());
        String request = "GET\n/\n" + query + "\nhost:" + host + "\n\nhost\n" + hash("");
        String toSign = "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hash(request);
        byte[] key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
        for (String part : scope.split("/")) {
            key = hmac(key, part);
        }
        String want = HexFormat.of().formatHex(hmac(key, toSign));
        check(want.equals(signature), "signature does not match");

        Instant signed = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmssX").parse(date, Instant::from);
        Instant expiry = signed.plusSeconds(Long.parseLong(plain.get("X-Amz-Expires")));
        check(now().isBefore(expiry), "signature expired at " + expiry);
        check(signed.isBefore(now().plusSeconds(SKEW_SECONDS)), "signature not yet current: " + signed);
        return token(value, credential[0], expiry.toEpochMilli());
    }

    private OAuthBearerToken token(String value, String principal, long expiry) {
        Object most = options.get("lifetime_seconds");
        // The broker takes a lifetime by its own clock, whatever this one shows.
        long skew = now().toEpochMilli() - System.currentTimeMillis();
        long until = most == null ? expiry : Math.min(expiry, now().plusSeconds(Long.parseLong((String) most)).toEpochMilli());
        return new OAuthBearerToken() {
            @Override public String value() { return value; }
            @Override public Set<String> scope() { return Set.of(); }
            @Override public long lifetimeMs() { return until - skew; }
            @Override public String principalName() { return principal; }
            @Override public Long startTimeMs() { return null; }
        };
    }

    private Instant now() {
        Object behind = options.get("clock_behind_seconds");
        return behind == null ? Instant.now() : Instant.now().minusSeconds(Long.parseLong((String) behind));
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    private static String hash(String text) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static byte[] hmac(byte[] key, String text) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() { }
}
