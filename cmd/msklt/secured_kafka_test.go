package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/kafkatest"
)

// Secrets of the tests' clients, and wrong ones. None may ever show.
const (
	rightPassword = "right-3f9Xq"
	wrongPassword = "wrong-8c2Lm"
	accessKey     = "AKIDEXAMPLE"
	rightKey      = "rightsecret/7dQe+Zp"
	wrongKey      = "wrongsecret/1kTt+Yb"
	sessionToken  = "sessiontoken5Jw"
	region        = "eu-west-1"
)

// secured is Apache Kafka with every login, and permissions.
type secured struct {
	*kafkatest.Broker
	dir     string // of the target files
	secrets []string
}

// three are the brokers of the cluster.
var three = []int32{1, 2, 3}

// TestKafkaSecured runs the program against one cluster of three brokers: every login
// rightly and wrongly, without one permission after the other, with targets that are
// wrong, and with a broker that cannot be entered.
func TestKafkaSecured(t *testing.T) {
	token := jwt(time.Now().Add(time.Hour))
	s := &secured{dir: t.TempDir(), Broker: kafkatest.Start(t, kafkatest.Options{Brokers: 3, Secured: &kafkatest.Secured{
		Users:  map[string]string{"loader": rightPassword, "limited": rightPassword},
		Bearer: map[string]string{"robot": token},
		Keys:   map[string]string{accessKey: rightKey}, Region: region,
	}})}
	s.secrets = []string{rightPassword, wrongPassword, rightKey, wrongKey, sessionToken, token}
	for _, who := range []string{"User:loader", "User:CN=loader", "User:robot", "User:" + accessKey} {
		s.SetACLs(t, who, kafkatest.Runs()...)
	}
	t.Run("logins", func(t *testing.T) { s.logins(t, token) })
	t.Run("permissions", s.permissions)
	t.Run("wrong", s.wrong)
	t.Run("broken", s.broken)
	s.OnlyTopics(t)
}

// jwt is a token that nobody signed and that says when it expires.
func jwt(expiry time.Time) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"none"}`)) + "." + part(fmt.Appendf(nil, `{"exp":%d}`, expiry.Unix())) + ".c2lnbmF0dXJl"
}

// file writes a file beside the target files.
func (s *secured) file(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// target writes a target file of a listener of the cluster.
func (s *secured) target(t *testing.T, listener, rest string) (path string) {
	t.Helper()
	text := fmt.Sprintf("version: 1\nname: secured\nbootstrap: %q\n%s\n", strings.Join(s.At(listener), ","), rest)
	return s.file(t, strings.NewReplacer("/", "-", " ", "-").Replace(t.Name())+".yaml", text)
}

// scram is the login of a user of the cluster, as target files say it.
func (s *secured) scram(user string) string {
	return fmt.Sprintf("auth: {mechanism: scram-sha-512, username: %s, password: %q}\ntls: {ca: %q}", user, rightPassword, s.Authority().File)
}

// program is the program with nothing of AWS in its environment but what is given.
func (s *secured) program(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	p := command(t.Context(), args...)
	p.Env = append(p.Env, "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=", "AWS_PROFILE=", "AWS_REGION=")
	p.Env = append(p.Env, env...)
	return p
}

// hidden holds that no secret is in what the program printed, nor in a file of a folder.
func (s *secured) hidden(t *testing.T, p *program, dir string) {
	t.Helper()
	texts := map[string]string{"stdout": p.stdout.String(), "stderr": p.stderr.String()}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // a run that did not begin has no folder
		}
		data, err := os.ReadFile(path)
		texts[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range texts {
		for _, secret := range s.secrets {
			if strings.Contains(text, secret) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(secret))) {
				t.Errorf("%s shows the secret %.9s…", where, secret)
			}
		}
	}
}

// refused runs the program, which must end with a code and these words.
func (s *secured) refused(t *testing.T, want int, env []string, words []string, args ...string) {
	t.Helper()
	dir := t.TempDir()
	if args[0] == "run" {
		args = append(args, "--out", filepath.Join(dir, "out"))
	}
	p, began := s.program(t, env, args...), time.Now()
	code, took := p.code(t), time.Since(began)
	t.Logf("%.1f s: %s", took.Seconds(), p.stderr.String())
	if code != want {
		t.Errorf("exit code %d, want %d", code, want)
	}
	said := strings.Join(strings.Fields(p.stderr.String()), " ")
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("it does not say %q:\n%s", w, p.stderr.String())
		}
	}
	s.hidden(t, p, dir)
}

// missed is how a run calls what it lacks without a permission of [kafkatest.Runs].
func missed(acl kafkatest.ACL) string {
	operation := strings.ToLower(acl.Operation.String())
	switch acl.On {
	case kmsg.ACLResourceTypeTransactionalId: // write gives describe, too
		return "describe on transactional id msklt-"
	case kmsg.ACLResourceTypeGroup:
		return operation + " on group msklt-"
	}
	if acl.Operation == kmsg.ACLOperationCreate {
		return "create on the topic, or on the cluster"
	}
	return operation + " on topic msklt-"
}

// clear deletes what a client without the permission has left, as the cluster's owner.
// It has a replica on each broker, of which one may be missing, and each leads a partition.
func (s *secured) clear(t *testing.T) {
	t.Helper()
	onCluster(t, s.Bootstrap(), func(ctx context.Context, admin *kadm.Client) {
		all, err := admin.ListTopics(ctx)
		if err != nil || len(all) != 1 {
			t.Fatalf("topics %v, %v; want one", all.Names(), err)
		}
		topic := all.Names()[0]
		var leaders []int32
		for _, p := range all[topic].Partitions.Sorted() {
			leaders = append(leaders, p.Leader)
			if slices.Sort(p.Replicas); !slices.Equal(p.Replicas, three) {
				t.Errorf("partition %d has replicas on %v", p.Partition, p.Replicas)
			}
		}
		if slices.Sort(leaders); !slices.Equal(leaders, three) {
			t.Errorf("partitions are led by %v", leaders)
		}
		configs, err := admin.DescribeTopicConfigs(ctx, topic)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(configs[0].Configs, func(c kadm.Config) bool { return c.Key == "min.insync.replicas" && c.MaybeValue() == "2" }) {
			t.Errorf("of min.insync.replicas it says %+v", configs[0].Configs)
		}
		s.DeleteTopic(t, topic)
	})
}
