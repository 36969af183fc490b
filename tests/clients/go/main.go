// Command recover issues a code as the help desk does, redeems it as a login backend does, and reads
// every refusal.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	code "example.com/recover/generated/postern/code/v1"
)

const deadline = 5 * time.Second

// The demo's addresses and clients, whose secrets are public. Keep yours in files.
var (
	tokenEndpoint = setting("TOKEN_ENDPOINT", "http://127.0.0.1:8080/oidc/token")
	issuerAt      = setting("ISSUER", "127.0.0.1:50051")
	verifierAt    = setting("VERIFIER", "127.0.0.1:50052")
)

func setting(name, standard string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return standard
}

// authorize adds an access token to the calls of a context. A token lives for an hour: keep it in a server.
func authorize(ctx context.Context, client string) (context.Context, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {client + "-secret"}}
	answer, err := (&http.Client{Timeout: deadline}).PostForm(tokenEndpoint, form)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the token endpoint says %s", answer.Status)
	}
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil {
		return nil, err
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token.AccessToken), nil
}

// refusal describes an error by its details. A call that is Unavailable may be sent again with the same key.
func refusal(err error) string {
	refused := status.Convert(err)
	texts := []string{refused.Message()}
	for _, detail := range refused.Details() {
		switch it := detail.(type) {
		case *errdetails.ErrorInfo:
			texts = append([]string{it.Reason}, texts...)
			for key, value := range it.Metadata {
				texts = append(texts, key+"="+value)
			}
		case *errdetails.BadRequest:
			for _, violation := range it.FieldViolations {
				texts = append(texts, "field "+violation.Field)
			}
		case *errdetails.RetryInfo:
			texts = append(texts, fmt.Sprintf("try again in %d s", it.RetryDelay.Seconds))
		}
	}
	return strings.Join(texts, "; ")
}

// verify redeems a code. A denial is a reply, a malformed code is an error.
func verify(ctx context.Context, verifier code.VerifierServiceClient, user *code.UserIdentifier, typed string) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	request := &code.VerifyCodeRequest{User: user, Code: typed, IdempotencyKey: rand.Text()}
	reply, err := verifier.VerifyCode(ctx, request)
	switch {
	case err != nil:
		fmt.Println("refused:", refusal(err))
	case reply.GetAccepted() != nil:
		fmt.Println("accepted: grant", reply.GetAccepted().GrantId)
	default:
		fmt.Println("rejected:", reply.GetRejected().GetReason())
	}
}

// recoverUser recovers the user of that ID, with the number of the recovery page if there is one.
func recoverUser(ctx context.Context, name, pairingNumber string) error {
	var channels [2]*grpc.ClientConn
	for i, at := range []string{issuerAt, verifierAt} {
		channel, err := grpc.NewClient(at, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return err
		}
		defer channel.Close()
		channels[i] = channel
	}
	issuer, verifier := code.NewCodeIssuerServiceClient(channels[0]), code.NewVerifierServiceClient(channels[1])
	desk, err := authorize(ctx, "acme-support")
	if err != nil {
		return err
	}
	login, err := authorize(ctx, "acme-verifier")
	if err != nil {
		return err
	}

	desk, cancel := context.WithTimeout(desk, deadline)
	defer cancel()
	user := &code.UserIdentifier{Type: code.IdentifierType_IDENTIFIER_TYPE_USER_ID, Value: name}
	// A call that is sent again with the same key acts once.
	request := &code.IssueCodeRequest{User: user, PairingNumber: pairingNumber, IdempotencyKey: rand.Text()}
	issued, err := issuer.IssueCode(desk, request)
	if err != nil {
		return fmt.Errorf("refused: %s", refusal(err))
	}
	paired := ""
	if issued.Paired {
		paired = ", paired"
	}
	fmt.Printf("issued %s: %d attempts%s\n", issued.Code, issued.AttemptsAllowed, paired)
	first := "2"
	if strings.HasPrefix(issued.Code, "2") {
		first = "3"
	}
	for _, typed := range []string{"no code", first + issued.Code[1:], issued.Code} {
		verify(login, verifier, user, typed)
	}
	return nil
}

func main() {
	arguments := append(os.Args[1:], "", "")
	if err := recoverUser(context.Background(), arguments[0], arguments[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
