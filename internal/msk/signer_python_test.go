package msk

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"msklt/internal/kafkatest/need"
	"msklt/scenario"
)

// signs makes tokens with AWS's signer for Python at given times. It reads cases and
// writes the tokens, both as JSON.
const signs = `
import datetime, json, sys
import botocore.auth
from botocore.credentials import CredentialProvider, Credentials
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider

class Given(CredentialProvider):
    def __init__(self, case): self.case = case
    def load(self): return Credentials(self.case["key"], self.case["secret"], self.case["session"] or None)

tokens = []
for case in json.load(sys.stdin):
    at = datetime.datetime.fromtimestamp(case["at"], datetime.timezone.utc).replace(tzinfo=None)
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: at
    tokens.append(MSKAuthTokenProvider.generate_auth_token_from_credentials_provider(case["region"], Given(case)))
json.dump(tokens, sys.stdout)
`

// signing is one case of TestPythonSigner.
type signing struct {
	Region  string `json:"region"`
	Key     string `json:"key"`
	Secret  string `json:"secret"`
	Session string `json:"session"`
	At      int64  `json:"at"` // seconds since 1970
}

// TestPythonSigner holds tokens against those of AWS's signer for Python, for the same
// credentials and times: all that is signed is equal, the signature too.
func TestPythonSigner(t *testing.T) {
	python := pythonPath(t)
	day := func(text string) int64 {
		at, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return at.Unix()
	}
	cases := []signing{
		{"eu-west-1", accessKey, secretKey, "", day("2026-11-22 02:03:04")},
		{"us-east-1", "ASIAEXAMPLE", "a/b+c=d/e+f=" + secretKey, "IQoJb3JpZ2luX2VjEA//+a/b+c==", day("2026-12-31 23:59:59")},
		{"us-gov-west-1", "ASIAEXAMPLE", secretKey, strings.Repeat("s3ss+/10n", 100) + "==", day("2028-02-29 00:00:00")},
		{"cn-north-1", accessKey, secretKey, "", day("2027-01-01 00:00:00")},
		{"ap-southeast-4", accessKey, secretKey, " a b%20~*", day("2026-11-22 12:00:00")},
	}
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), python, "-c", signs)
	c.Stdin, c.Stderr = bytes.NewReader(in), os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs [][2]any // token, end in ms
	if err := json.Unmarshal(out, &theirs); err != nil || len(theirs) != len(cases) {
		t.Fatalf("%d tokens, %v", len(theirs), err)
	}
	for i, c := range cases {
		t.Run(c.Region, func(t *testing.T) {
			environment(t, "AWS_ACCESS_KEY_ID="+c.Key, "AWS_SECRET_ACCESS_KEY="+c.Secret, "AWS_SESSION_TOKEN="+c.Session)
			mine := signed(t, tokenAt(t, c))
			want := signed(t, theirs[i][0].(string))
			if len(mine["X-Amz-Signature"]) != 1 || len(mine["X-Amz-Signature"][0]) != 64 || (mine.Get("X-Amz-Security-Token") != c.Session) {
				t.Errorf("%v", mine)
			}
			if !reflect.DeepEqual(mine, want) {
				t.Errorf("got  %v\nwant %v", mine, want)
			}
			if end := theirs[i][1].(float64); end != float64((c.At+900)*1000) {
				t.Errorf("theirs ends at %v", end)
			}
		})
	}
}

// tokenAt makes a token when it is c.At.
func tokenAt(t *testing.T, c signing) (token string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Unix(c.At, 0)))
		a, err := NewAccount(t.Context(), scenario.AWS{Region: c.Region}, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		if token, err = a.token(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	return token
}

// signed is all of a token but which program made it.
func signed(t *testing.T, token string) url.Values {
	t.Helper()
	u := signedURL(t, token)
	q := u.Query()
	if !q.Has("User-Agent") {
		t.Errorf("%s does not name its program", u)
	}
	q.Del("User-Agent")
	q.Set("", u.Scheme+"://"+u.Host+u.Path)
	return q
}

// pythonPath is the Python of .ci/python.sh.
func pythonPath(t *testing.T) string {
	t.Helper()
	need.Require(t, need.Python())
	python := os.Getenv("MSKLT_PYTHON")
	if python == "" {
		t.Fatal("MSKLT_PYTHON does not name a Python with the packages of .ci/python.txt; .ci/python.sh makes one")
	}
	return python
}
