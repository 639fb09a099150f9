package msk

import (
	"path/filepath"
	"strings"
	"testing"

	"msklt/scenario"
)

func TestDecideRegion(t *testing.T) {
	const arn = "arn:aws:kafka:eu-west-1:123456789012:cluster/demo/12345678-1234-1234-1234-123456789012-s1"
	boot := func(region string) string {
		return "boot-a1b2c3.c1.kafka-serverless." + region + ".amazonaws.com:9098"
	}
	for _, c := range []struct {
		name, setting, arn string
		hosts              []string
		want, mistake      string
	}{
		{name: "nobody says"},
		{name: "setting", setting: "us-east-2", want: "us-east-2"},
		{name: "ARN", arn: arn, want: "eu-west-1"},
		{name: "Serverless", hosts: []string{boot("ap-northeast-2")}, want: "ap-northeast-2"},
		{name: "Provisioned", hosts: []string{"b-1.demo.abc123.c2.kafka.us-gov-west-1.amazonaws.com:9098", "B-2.demo.abc123.c2.kafka.us-gov-west-1.amazonaws.com.:9098"}, want: "us-gov-west-1"},
		{name: "public, without a port", hosts: []string{"b-1-public.demo.abc123.c2.kafka.eu-central-1.amazonaws.com"}, want: "eu-central-1"},
		{name: "China", hosts: []string{"b-1.demo.abc123.c2.kafka.cn-north-1.amazonaws.com.cn:9098"}, want: "cn-north-1"},
		{name: "names of one's own", hosts: []string{"kafka.example.com:9098", "10.0.0.7:9098", "[::1]:9098"}},
		{name: "the like of a host", hosts: []string{"kafka.eu-west-1.amazonaws.com.example.com:9098"}},
		{name: "all agree", setting: "eu-west-1", arn: arn, hosts: []string{boot("eu-west-1"), "other:9098"}, want: "eu-west-1"},
		{name: "setting and ARN", setting: "eu-west-2", arn: arn, mistake: "AWS regions disagree: eu-west-2 in aws.region, eu-west-1 in the cluster's ARN"},
		{name: "ARN and host", arn: arn, hosts: []string{boot("us-east-1")}, mistake: "eu-west-1 in the cluster's ARN, us-east-1 in the host name boot-a1b2c3.c1.kafka-serverless.us-east-1.amazonaws.com"},
		{name: "two hosts", hosts: []string{boot("us-east-1"), boot("us-east-2")}, mistake: "regions disagree"},
		{name: "no region", setting: "Ireland", mistake: `aws.region "Ireland" is no AWS region`},
		{name: "no ARN", arn: "demo", mistake: `"demo" is no ARN of an MSK cluster`},
		{name: "ARN of something else", arn: "arn:aws:s3:::bucket/a", mistake: "is no ARN of an MSK cluster"},
		{name: "ARN of a topic", arn: strings.Replace(arn, ":cluster/", ":topic/", 1), mistake: "is no ARN of an MSK cluster"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := decideRegion(c.setting, c.arn, c.hosts)
			if got != c.want || (err == nil) != (c.mistake == "") {
				t.Fatalf("%q, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), c.mistake) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestRegionOfEnvironment holds where the region comes from when neither settings nor
// cluster name one.
func TestRegionOfEnvironment(t *testing.T) {
	const profiles = "[default]\nregion = eu-north-1\n[profile south]\nregion = eu-south-1\n"
	for _, c := range []struct {
		name     string
		env      []string
		config   string
		settings scenario.AWS
		want     string // "": none
	}{
		{name: "nowhere"},
		{name: "AWS_REGION", env: []string{"AWS_REGION=us-west-1", "AWS_DEFAULT_REGION=us-west-2"}, config: profiles, want: "us-west-1"},
		{name: "AWS_DEFAULT_REGION", env: []string{"AWS_DEFAULT_REGION=us-west-2"}, config: profiles, want: "us-west-2"},
		{name: "profile", config: profiles, want: "eu-north-1"},
		{name: "profile of the settings", config: profiles + "aws_access_key_id = AKIDSOUTH\naws_secret_access_key = " + secretKey,
			settings: scenario.AWS{Profile: "south"}, want: "eu-south-1"},
		{name: "setting", env: []string{"AWS_REGION=us-west-1"}, config: profiles, settings: scenario.AWS{Region: "us-east-2"}, want: "us-east-2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := environment(t, append(keys(), c.env...)...)
			write(t, filepath.Join(dir, "config"), c.config)
			a, err := NewAccount(t.Context(), c.settings, []string{"kafka.example.com:9098"}, "")
			if c.want == "" {
				checkError(t, err, "no AWS region", "AWS_REGION")
				return
			}
			if err != nil || a.Region != c.want {
				t.Fatalf("%+v, %v", a, err)
			}
			token, err := a.token(t.Context())
			if host := signedURL(t, token).Host; err != nil || host != "kafka."+c.want+".amazonaws.com" {
				t.Errorf("signed for %s, %v", host, err)
			}
		})
	}
}
