package msk

import (
	"strings"
	"testing"
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
