package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// secretInTests stands in every broken target that has a password or a token.
const secretInTests = "hunter2"

// TestBrokenTargets holds every message of every file in testdata/targets/broken
// against the .want file beside it, byte for byte, and that none shows a secret. With
// UPDATE_GOLDEN=1 it writes them.
func TestBrokenTargets(t *testing.T) {
	files, err := filepath.Glob("testdata/targets/broken/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("found %d broken files, want at least 30 (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = parseTarget(filepath.Base(file), data, Options{Profiles: profiles(), ReadFile: readBeside(file)})
			checkBroken(t, file, err)
			if strings.Contains(err.Error(), secretInTests) || strings.Contains(err.Error(), "is-secret") {
				t.Errorf("the secret shows:\n%s", err)
			}
		})
	}
}

// TestTargets holds what the files in testdata/targets are read as.
func TestTargets(t *testing.T) {
	env := func(name string) (string, bool) {
		value, ok := map[string]string{"KAFKA_PASSWORD": "s3cret: \"with\" ${marks}"}[name]
		return value, ok
	}
	load := func(name string, set ...string) *Target {
		t.Helper()
		target, err := LoadTarget(name, Options{Profiles: profiles(), Getenv: env, Set: set})
		if err != nil {
			t.Fatal(err)
		}
		return target
	}
	const dir = "testdata/targets/"
	for _, c := range []struct {
		name string
		set  []string
		want Target
	}{
		{dir + "bootstrap.yaml", []string{"target.limits=none", "topics.orders.partitions=3"}, Target{
			Name: "staging", Bootstrap: []string{"broker-1.example:9096", "broker-2.example:9096"},
			Auth:        Auth{Mechanism: SCRAM512, Username: "load", Password: "s3cret: \"with\" ${marks}"},
			TLS:         TLS{Set: true, CA: dir + "ca.pem", Cert: dir + "client.pem", Key: dir + "client.key", ServerName: "kafka.example"},
			ConnectRate: 50, Declared: true,
		}},
		{dir + "arn.yaml", nil, Target{
			Name: "orders", ARN: "arn:aws:kafka:eu-west-1:111122223333:cluster/orders/0b1c2d3e-0000-4444-8888-0123456789ab-2",
			Auth: Auth{Mechanism: MSKIAM},
			AWS: AWS{Region: "eu-west-1", Profile: "staging", Role: "arn:aws:iam::111122223333:role/load-test", RoleSession: "msklt",
				ExternalID: "4711", Endpoint: "http://127.0.0.1:5000", STSEndpoint: "http://127.0.0.1:5000"},
			Limits: Limits{Extends: "msk-serverless"}, Declared: true,
		}},
		{dir + "embedded.yaml", []string{"target.embedded={brokers: 5}"}, Target{
			Name: "embedded", Embedded: &EmbeddedTarget{Brokers: 5}, Auth: Auth{Mechanism: NoAuth}, Declared: true,
		}},
		{"embedded", []string{"target.embedded.brokers=1", "target.name=mine"}, Target{
			Name: "mine", Embedded: &EmbeddedTarget{Brokers: 1}, Auth: Auth{Mechanism: NoAuth},
		}},
		{dir + "plain.yaml", nil, Target{
			Name: "127.0.0.1:9092,127.0.0.1:9093", Bootstrap: []string{"127.0.0.1:9092", "127.0.0.1:9093"},
			Auth: Auth{Mechanism: OAuthBearer, TokenFile: dir + "token"}, TLS: TLS{Off: true},
		}},
	} {
		got := load(c.name, c.set...)
		if file := strings.TrimPrefix(c.name, EmbeddedName); got.File != file {
			t.Errorf("%s: file %q", c.name, got.File)
		}
		got.File = ""
		got.Limits.Pos = Pos{}
		if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s: got\n%#v\nwant\n%#v", c.name, *got, c.want)
		}
	}
	plain, err := PlainTarget("a:9092, b:9092", Options{Set: []string{"target.connect_rate=7/s"}})
	want := Target{Name: "a:9092,b:9092", Bootstrap: []string{"a:9092", "b:9092"}, Auth: Auth{Mechanism: NoAuth}, ConnectRate: 7}
	if err != nil {
		t.Fatal(err)
	}
	plain.Limits.Pos = Pos{}
	if !reflect.DeepEqual(*plain, want) {
		t.Errorf("got %#v (%v), want %#v", plain, err, want)
	}
}

// TestEncrypted holds where connections use TLS.
func TestEncrypted(t *testing.T) {
	for _, c := range []struct {
		text string
		want bool
	}{
		{"bootstrap: 'a:9092'", false},
		{"bootstrap: 'a:29092'", false},
		{"bootstrap: 'a:9092'\ntls: {}", true},
		{"bootstrap: 'a:9092'\nauth: {mechanism: plain, username: u, password: p}", true},
		{"bootstrap: 'a:9092'\nauth: {mechanism: plain, username: u, password: p}\ntls: off", false},
		{"bootstrap: 'a:9092'\nauth: {mechanism: scram-sha-256, username: u, password: p}", true},
		{"bootstrap: 'a:9092'\nauth: {mechanism: oauthbearer, token_file: f}", true},
		{"bootstrap: 'a:1'\nauth: {mechanism: aws-msk-iam}", true},
		{"bootstrap: '127.0.0.1:1'\nauth: {mechanism: aws-msk-iam}\ntls: off", false},
		{"bootstrap: 'a:1'\nauth: {mechanism: mtls}\ntls: {cert: c, key: k}", true},
		{"bootstrap: 'a:9094'", true},
		{"bootstrap: 'a:9096'", true},
		{"bootstrap: 'a:9098'", true},
		{"bootstrap: 'a:9194'", true},
		{"bootstrap: 'a:9196'", true},
		{"bootstrap: 'a:9198'", true},
		{"bootstrap: 'a:9094'\ntls: off", false},
		{"embedded: {}", false},
	} {
		target, err := parseTarget("t.yaml", []byte("version: 1\n"+c.text+"\n"), Options{})
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		if got := target.Encrypted(target.Bootstrap); got != c.want {
			t.Errorf("%s: encrypted %t, want %t", c.text, got, c.want)
		}
	}
}

// TestEditsOfTargets holds that a mistake in an edit is shown with it, but for the
// secret.
func TestEditsOfTargets(t *testing.T) {
	_, err := LoadTarget("testdata/targets/bootstrap.yaml", Options{Set: []string{
		"phases.x=1", "target.auth.password=[hunter2]", "target.auth.pasword=hunter2", "target.auth={mechanism: plain, password: hunter2", "target.limits=none"}})
	want := `--set:2:22: auth.password: want text, got a list
    target.auth.password=•••••••••
                         ^
--set:3:13: auth: unknown field "pasword"
    target.auth.pasword=•••••••
                ^
  hint: did you mean "password"?
--set:4:49: did not find expected ',' or '}'
    target.auth={mechanism: plain, password: •••••••
                                                    ^`
	if err == nil || !strings.Contains(err.Error(), "--set:2:22") || strings.Contains(err.Error(), secretInTests) {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestNoSecretInMessages holds that a secret shows in no message, wherever in a
// target's text something is wrong.
func TestNoSecretInMessages(t *testing.T) {
	const sound = "version: 1\nbootstrap: [a:9093]\nauth:\n  mechanism: plain\n  username: u\n  password: \"hunter2\"\ntls: {}\nlimits: none\n"
	const flow = "{version: 1, bootstrap: ['a:9093'], auth: {mechanism: plain, username: u, password: hunter2}, tls: {}}\n"
	rapid.Check(t, func(t *rapid.T) {
		text := []rune(rapid.SampledFrom([]string{sound, flow}).Draw(t, "text"))
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			piece := rapid.SampledFrom(strings.Split("|:|: |,|{|}|[|]|\n|\n  |\"|'|*|&|x|#|!|!!int |${|- |\t|> |? ", "|")).Draw(t, "piece")
			if rapid.Bool().Draw(t, "insert") || at == len(text) {
				text = append(text[:at:at], append([]rune(piece), text[at:]...)...)
			} else {
				text = append(text[:at:at], text[at+1:]...)
			}
		}
		_, err := parseTarget("t.yaml", []byte(string(text)), Options{})
		if err != nil && strings.Contains(err.Error(), secretInTests) && strings.Contains(string(text), "password") {
			t.Fatalf("the secret shows:\n%s\n%v", string(text), err)
		}
	})
}

// TestSecretsDoNotPrint holds that neither a secret nor what holds one can be
// printed or written by accident.
func TestSecretsDoNotPrint(t *testing.T) {
	target := Target{Auth: Auth{Password: "hunter2"}}
	data, err := json.Marshal(target)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	all.Write(data)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		all.WriteString(fmt.Sprintf(format, target) + fmt.Sprintf(format, target.Auth.Password))
	}
	if text := all.String(); strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") || strings.Contains(text, "104 117") {
		t.Error(text)
	}
}

// FuzzTarget holds that no file and no edit makes the decoder panic, that every mistake
// has a place, and that a password beside them shows nowhere.
func FuzzTarget(f *testing.F) {
	for _, pattern := range []string{"testdata/targets/*.yaml", "testdata/targets/broken/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data, "target.auth.password=x")
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, edit string) {
		target, err := parseTarget("t.yaml", data, Options{Profiles: profiles(), Set: []string{edit}, ReadFile: func(string) ([]byte, error) { return nil, nil }})
		if err != nil {
			checkProblems(t, err)
		} else {
			target.Encrypted(target.Bootstrap)
		}
		checkHidden(t, string(data), edit)
	})
}

// checkHidden puts a password before a file, behind it, and into an edit, and looks for
// pieces of it in what is said and told of the target.
func checkHidden(t *testing.T, data, edit string) {
	t.Helper()
	const secret = "Xq7Wv93ZkLm"
	if leaks(data+edit, secret) != "" {
		return // it is given in a place of its own as well
	}
	const login = "auth:\n  mechanism: plain\n  username: u\n  password: " + secret + "\n"
	const inLine = "auth: {mechanism: plain, username: u, password: " + secret + "}\n" // which any mistake in it shows
	const given = targetEdits + "auth.password=" + secret
	for _, c := range []struct {
		text string
		set  []string
	}{
		{login + data, []string{edit}}, {data + "\n" + login, []string{edit}},
		{inLine + data, []string{edit}}, {data + "\n" + inLine, []string{edit}},
		{data, []string{edit, given}}, {data, []string{given, edit}},
	} {
		target, err := parseTarget("t.yaml", []byte(c.text), Options{Profiles: profiles(), Set: c.set, ReadFile: func(string) ([]byte, error) { return nil, nil }})
		shown, _ := TargetEdits(c.set)
		said := fmt.Sprintf("%v %+v %q", err, target, shown)
		if target != nil {
			said += fmt.Sprintf("%+v %#v", *target, target.Auth)
		}
		if piece := leaks(said, secret); piece != "" {
			t.Errorf("%q of the password shows, of\n%s%s\n%s", piece, c.text, c.set, said)
		}
	}
}

// TestTargetSchema holds that no editor marks a sound target, and which mistakes it
// marks: not those of one field against another, of text of the right form, and in
// what YAML itself does not show.
func TestTargetSchema(t *testing.T) {
	check := checkAgainst(t, TargetSchema)
	sound, err := filepath.Glob("testdata/targets/*.yaml")
	if err != nil || len(sound) < 5 {
		t.Fatalf("found %d targets (%v)", len(sound), err)
	}
	for _, file := range sound {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(data); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, name := range strings.Fields("unknown-fields auth-mechanism auth-no-mechanism password-text password-list tls-word aws-fields embedded-more version list") {
		data, err := os.ReadFile("testdata/targets/broken/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if check(data) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
