package msk

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"msklt/internal/limits"
	"msklt/scenario"
)

// provisioned is a cluster of n brokers as DescribeClusterV2 tells it.
func provisioned(size string, n int) map[string]any {
	return map[string]any{"clusterName": "demo", "clusterType": "PROVISIONED", "state": "ACTIVE", "provisioned": map[string]any{
		"brokerNodeGroupInfo": map[string]any{"instanceType": size}, "numberOfBrokerNodes": n,
		"currentBrokerSoftwareInfo": map[string]any{"kafkaVersion": "3.8.x"},
	}}
}

// asked returns an account that asks s.
func asked(t *testing.T, s *stub) *Account {
	t.Helper()
	environment(t, keys()...)
	a, err := NewAccount(t.Context(), scenario.AWS{Endpoint: s.URL}, nil, serverless)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestDescribe(t *testing.T) {
	boot := map[string]string{"bootstrapBrokerStringSaslIam": "boot-abc.c1.kafka-serverless.eu-west-1.amazonaws.com:9098"}
	for _, c := range []struct {
		name    string
		cluster map[string]any
		brokers map[string]string
		want    Described
	}{
		{"Serverless", map[string]any{"clusterName": "demo", "clusterType": "SERVERLESS", "state": "ACTIVE", "serverless": map[string]any{}}, boot,
			Described{Name: "demo", Kind: limits.MSKServerless, Profile: "msk-serverless",
				Addresses: map[string][]string{"aws-msk-iam": {"boot-abc.c1.kafka-serverless.eu-west-1.amazonaws.com:9098"}}}},
		{"Express with all logins", provisioned("express.m7g.large", 6), map[string]string{
			"bootstrapBrokerString": "b-1:9092,b-2:9092", "bootstrapBrokerStringTls": "b-1:9094, b-2:9094,",
			"bootstrapBrokerStringSaslScram": "b-1:9096,b-2:9096", "bootstrapBrokerStringSaslIam": "b-1:9098,b-2:9098",
			"bootstrapBrokerStringPublicSaslIam": "b-1-public:9198", "bootstrapBrokerStringVpcConnectivitySaslIam": "b-1.iam:14001",
			"bootstrapBrokerStringSaslIamIpv6": "b-1-6:9098",
		}, Described{Name: "demo", Version: "3.8.x", Kind: limits.ApacheKafka, Profile: "msk-express-m7g.large:6", Addresses: map[string][]string{
			"none": {"b-1:9094", "b-2:9094"}, "mtls": {"b-1:9094", "b-2:9094"},
			"scram-sha-512": {"b-1:9096", "b-2:9096"}, "aws-msk-iam": {"b-1:9098", "b-2:9098"},
		}}},
		{"Standard, plaintext only", provisioned("kafka.m5.4xlarge", 3), map[string]string{"bootstrapBrokerString": "b-1:9092"},
			Described{Name: "demo", Version: "3.8.x", Kind: limits.ApacheKafka, Profile: "msk-standard-m5.4xlarge:3", Addresses: map[string][]string{"none": {"b-1:9092"}}}},
		{"public only", provisioned("kafka.t3.small", 2), map[string]string{
			"bootstrapBrokerStringPublicTls": "p:9194", "bootstrapBrokerStringPublicSaslScram": "p:9196", "bootstrapBrokerStringPublicSaslIam": "p:9198",
		}, Described{Name: "demo", Version: "3.8.x", Kind: limits.ApacheKafka, Profile: "msk-standard-t3.small:2", Addresses: map[string][]string{
			"none": {"p:9194"}, "mtls": {"p:9194"}, "scram-sha-512": {"p:9196"}, "aws-msk-iam": {"p:9198"},
		}}},
		{"broker type of tomorrow", provisioned("kafka.m9g.large", 3), boot,
			Described{Name: "demo", Version: "3.8.x", Kind: limits.ApacheKafka, Note: `no limits are known for brokers of type "kafka.m9g.large"; declare them under limits`,
				Addresses: map[string][]string{"aws-msk-iam": {"boot-abc.c1.kafka-serverless.eu-west-1.amazonaws.com:9098"}}}},
		{"more brokers than the profile knows", provisioned("express.m7g.large", 90), boot,
			Described{Name: "demo", Version: "3.8.x", Kind: limits.ApacheKafka,
				Note:      `no limits are known for this cluster: msk-express-m7g.large takes brokers (3 if left out), such as msk-express-m7g.large:3: brokers must be a whole number from 3 to 60, is "90"`,
				Addresses: map[string][]string{"aws-msk-iam": {"boot-abc.c1.kafka-serverless.eu-west-1.amazonaws.com:9098"}}}},
		{"cluster type of tomorrow", map[string]any{"clusterName": "demo", "clusterType": "DIRECT", "state": "ACTIVE"}, boot,
			Described{Name: "demo", Kind: limits.ApacheKafka, Note: `no limits are known for clusters of type "DIRECT"`,
				Addresses: map[string][]string{"aws-msk-iam": {"boot-abc.c1.kafka-serverless.eu-west-1.amazonaws.com:9098"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStub(t)
			s.cluster, s.brokers = c.cluster, c.brokers
			got, err := asked(t, s).Describe(t.Context(), serverless)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, c.want) {
				t.Errorf("got  %+v\nwant %+v", *got, c.want)
			}
			if got.Profile != "" && len(limits.ProfileValues(got.Profile)) == 0 {
				t.Errorf("profile %s declares nothing", got.Profile)
			}
			for _, scope := range s.scopes {
				if !strings.HasPrefix(scope, accessKey+"/") || !strings.HasSuffix(scope, "/eu-west-1/kafka/aws4_request") {
					t.Errorf("a request was signed for %s", scope)
				}
			}
		})
	}
}

// TestProfiles holds that every broker type that there is a profile for is found.
func TestProfiles(t *testing.T) {
	found := 0
	for _, name := range limits.Profiles() {
		size, kind := "", ""
		if rest, ok := strings.CutPrefix(name, "msk-express-"); ok {
			size, kind = rest, "express."
		} else if rest, ok := strings.CutPrefix(name, "msk-standard-"); ok {
			size, kind = rest, "kafka."
		} else {
			continue
		}
		found++
		s := newStub(t)
		s.cluster, s.brokers = provisioned(kind+size, 9), map[string]string{"bootstrapBrokerStringTls": "b:9094"}
		got, err := asked(t, s).Describe(t.Context(), serverless)
		if err != nil || got.Profile != name+":9" {
			t.Errorf("%s%s: %+v, %v", kind, size, got, err)
		}
	}
	if found < 20 {
		t.Errorf("only %d broker types", found)
	}
}

// TestNotDescribed holds what is said when AWS says no, and that no secret is.
func TestNotDescribed(t *testing.T) {
	const elsewhere = "arn:aws:kafka:us-east-1:123456789012:cluster/demo/12345678-1234-1234-1234-123456789012-s1"
	refused := fault{403, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/u is not authorized to perform: kafka:X on resource: " + serverless}
	both := func(f fault) map[string]any {
		return map[string]any{"DescribeClusterV2": f, "GetBootstrapBrokers": f}
	}
	active := provisioned("kafka.m5.large", 3)
	creating := maps.Clone(active)
	creating["state"] = "CREATING"
	for _, c := range []struct {
		name    string
		arn     string
		cluster map[string]any
		refuse  map[string]any
		says    []string
		denied  []Action
	}{
		{name: "brokers denied", refuse: map[string]any{"GetBootstrapBrokers": refused}, denied: []Action{GetBootstrapBrokers},
			says: []string{"may not call kafka:GetBootstrapBrokers on " + serverless, `"Effect": "Allow"`}},
		{name: "both denied", refuse: both(refused), denied: []Action{DescribeClusterV2, GetBootstrapBrokers},
			says: []string{"may not call kafka:DescribeClusterV2 and kafka:GetBootstrapBrokers"}},
		{name: "another region", arn: elsewhere, says: []string{"AWS regions disagree", "eu-west-1", "us-east-1"}},
		{name: "no such cluster", arn: serverless + "0", says: []string{"AWS knows no cluster", "in eu-west-1"}},
		{name: "expired", refuse: both(fault{403, "ExpiredTokenException", "The security token included in the request is expired"}), says: []string{"the credentials have expired"}},
		{name: "unknown key", refuse: both(fault{403, "UnrecognizedClientException", "The security token included in the request is invalid."}), says: []string{"does not know the access key"}},
		{name: "wrong secret", refuse: both(fault{403, "InvalidSignatureException", "The Canonical String should have been " + secretKey}), says: []string{"does not accept the signature"}},
		{name: "bad request", refuse: both(fault{400, "BadRequestException", "This operation cannot be performed on serverless clusters " + secretKey}), says: []string{"refuses DescribeClusterV2", "cannot be performed"}},
		{name: "being made", cluster: creating, says: []string{"names no address of the cluster demo", "CREATING"}},
		{name: "being made, refused", cluster: creating, refuse: map[string]any{"GetBootstrapBrokers": fault{400, "BadRequestException", "wait"}}, says: []string{"refuses GetBootstrapBrokers", "wait", "CREATING"}},
		{name: "no address", cluster: active, says: []string{"names no address of the cluster demo"}},
		{name: "AWS is down", refuse: both(fault{503, "ServiceUnavailableException", "later"}), says: []string{"asking AWS with DescribeClusterV2", "ServiceUnavailableException", "later"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStub(t)
			s.cluster = c.cluster
			maps.Copy(s.refuse, c.refuse)
			a := asked(t, s)
			if c.arn == "" {
				c.arn = serverless
			}
			_, err := a.Describe(t.Context(), c.arn)
			if err == nil {
				t.Fatal("it was described")
			}
			t.Log(err)
			checkError(t, err, c.says...)
			var denied *DeniedError
			if errors.As(err, &denied) != (c.denied != nil) || denied != nil && !slices.Equal(denied.Actions, c.denied) {
				t.Errorf("denied %+v, not %v", denied, c.denied)
			}
		})
	}
}

// TestNoWayToAWS holds that a machine without a way to AWS is told so.
func TestNoWayToAWS(t *testing.T) {
	environment(t, keys()...)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, c := range []struct{ name, endpoint, says string }{
		{"nobody listens", closed.URL, "AWS cannot be reached from here (" + closed.Listener.Addr().String() + ": connection refused)"},
		{"not AWS", "http://127.0.0.1:1/%zz", "asking AWS with DescribeClusterV2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := NewAccount(t.Context(), scenario.AWS{Endpoint: c.endpoint}, nil, serverless)
			if err != nil {
				t.Fatal(err)
			}
			_, err = a.Describe(t.Context(), serverless)
			t.Log(err)
			checkError(t, err, c.says)
		})
	}
}

// checkError holds that an error says words and no secret.
func checkError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v\nlacks %q", err, w)
		}
	}
	if strings.Contains(err.Error(), secretKey) {
		t.Error("a secret is told")
	}
}

// TestPolicyFor holds the policy against the resources that AWS documents for each
// action.
func TestPolicyFor(t *testing.T) {
	type statement struct {
		Effect   string
		Action   []Action
		Resource string
	}
	base := "arn:aws:kafka:eu-west-1:123456789012:"
	const of = "/demo/12345678-1234-1234-1234-123456789012-s1"
	var actions []Action
	for _, n := range Needs() {
		actions = append(actions, n.Actions...)
	}
	actions = append(actions, DescribeClusterV2, GetBootstrapBrokers)
	var got struct {
		Version   string
		Statement []statement
	}
	if err := json.Unmarshal([]byte(PolicyFor(actions, serverless)), &got); err != nil {
		t.Fatal(err)
	}
	want := []statement{
		{"Allow", []Action{Connect, DescribeCluster, WriteDataIdempotently, DescribeClusterV2, GetBootstrapBrokers}, base + "cluster" + of},
		{"Allow", []Action{CreateTopic, DescribeTopic, AlterTopic, WriteData, ReadData, DeleteTopic}, base + "topic" + of + "/msklt-*"},
		{"Allow", []Action{AlterGroup, DescribeGroup, DeleteGroup}, base + "group" + of + "/msklt-*"},
		{"Allow", []Action{DescribeTransactionalID, AlterTransactionalID}, base + "transactional-id" + of + "/msklt-*"},
	}
	if got.Version != "2012-10-17" || !reflect.DeepEqual(got.Statement, want) {
		t.Errorf("%+v", got)
	}
	if p := PolicyFor([]Action{WriteData, WriteData}, ""); strings.Count(p, "WriteData") != 1 || !strings.Contains(p, "arn:aws:kafka:REGION:ACCOUNT:topic/NAME/UUID/msklt-*") {
		t.Error(p)
	}
}
