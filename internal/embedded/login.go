package embedded

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/mskiam"
	"msklt/internal/wire"
)

const mechanism = "OAUTHBEARER"

// session is how far a connection has come in logging in.
type session struct {
	asked bool      // the handshake is done, the token has still to come
	until time.Time // when the login ends; zero before the first
}

// admits reports whether a connection may make a request: one that has not logged in
// may do nothing else, one whose login has ended only log in again (KIP-368).
func (s session) admits(key int16, now time.Time) bool {
	switch kmsg.Key(key) {
	case kmsg.SASLAuthenticate:
		return s.asked || now.Before(s.until)
	case kmsg.SASLHandshake:
		return !s.asked
	}
	return !s.asked && (now.Before(s.until) || s.until.IsZero() && key == wire.ApiVersions)
}

// enter is a step of a login.
func (c *conn) enter(body []byte) error {
	req, err := c.decode(body)
	if err != nil {
		return err
	}
	switch req := req.(type) {
	case *kmsg.SASLHandshakeRequest:
		c.request.own = c.handshake(req)
	case *kmsg.SASLAuthenticateRequest:
		c.request.own = c.authenticate(req)
	}
	return nil
}

// handshake agrees on the mechanism, for the first login or the next.
func (c *conn) handshake(req *kmsg.SASLHandshakeRequest) kmsg.Response {
	resp := req.ResponseKind().(*kmsg.SASLHandshakeResponse)
	resp.SupportedMechanisms = []string{mechanism}
	if req.Mechanism != mechanism {
		resp.ErrorCode = kerr.UnsupportedSaslMechanism.Code
		c.refuse(refusal{code: kerr.UnsupportedSaslMechanism, reason: "mechanism"})
		c.request.last = true
		return resp
	}
	c.session.asked = true
	return resp
}

// authenticate takes the token. Amazon MSK says no more than "Access denied" of one
// that it does not take; the rest, in brackets, is to learn from.
func (c *conn) authenticate(req *kmsg.SASLAuthenticateRequest) kmsg.Response {
	resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
	if !c.session.asked {
		resp.ErrorCode = kerr.IllegalSaslState.Code
		return resp
	}
	c.session.asked = false
	now, iam := time.Now(), c.listener.cluster.serverless.iam
	if c.session.until.IsZero() { // the connection's first
		if over := c.listener.cluster.quotas.enter(c); over != "" {
			return c.denyLogin(resp, tooManyConnects, string(over))
		}
	}
	id, err := iam.verify(req.SASLAuthBytes, now)
	if err != nil {
		return c.denyLogin(resp, fmt.Sprintf("Access denied (%v)", err), partOf(err))
	}
	lasts := id.Expires.Sub(now)
	if iam.Session > 0 {
		lasts = min(lasts, iam.Session)
	}
	c.session.until = now.Add(lasts)
	resp.SessionLifetimeMillis = lasts.Milliseconds()
	c.listener.cluster.quotas.loggedIn()
	return resp
}

// denyLogin refuses a login and ends the connection.
func (c *conn) denyLogin(resp *kmsg.SASLAuthenticateResponse, says, reason string) kmsg.Response {
	message := fmt.Sprintf("[%s]: %s", requestID(), says)
	resp.ErrorCode, resp.ErrorMessage = kerr.SaslAuthenticationFailed.Code, &message
	c.refuse(refusal{code: kerr.SaslAuthenticationFailed, reason: reason})
	c.request.last = true
	return resp
}

// verify checks a client's first message and the token in it.
func (iam *IAM) verify(message []byte, now time.Time) (mskiam.Identity, error) {
	token, ok := bearer(message)
	if !ok {
		return mskiam.Identity{}, &mskiam.Refusal{Part: "message", Why: "not a first message of " + mechanism}
	}
	id, err := mskiam.Verify(token, now, func(key string) (string, bool) { return iam.SecretKey, key == iam.AccessKey }, iam.Region)
	if err == nil && id.SessionToken != "" {
		err = &mskiam.Refusal{Part: "session token", Why: "not known to the cluster, whose keys are not temporary"}
	}
	return id, err
}

// bearer takes the token out of a client's first message (RFC 7628, 3.1): a header
// without channel binding, then pairs that end with \x01, then another \x01.
func bearer(message []byte) (string, bool) {
	header, pairs, _ := bytes.Cut(message, []byte{1})
	if !bytes.HasPrefix(header, []byte("n,")) || !bytes.HasSuffix(header, []byte(",")) {
		return "", false
	}
	pairs, ended := bytes.CutSuffix(pairs, []byte{1, 1})
	if !ended {
		return "", false
	}
	for pair := range bytes.SplitSeq(pairs, []byte{1}) {
		if scheme, token, ok := bytes.Cut(pair, []byte(" ")); ok && bytes.EqualFold(scheme, []byte("auth=Bearer")) {
			return string(token), true
		}
	}
	return "", false
}

func partOf(err error) string {
	var refused *mskiam.Refusal
	if errors.As(err, &refused) {
		return refused.Part
	}
	return "token"
}

// requestID is random, in the form in which Amazon MSK names a login.
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
