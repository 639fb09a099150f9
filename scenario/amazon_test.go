package scenario

import "testing"

// TestAmazon: what a target shows of itself without anybody being asked.
func TestAmazon(t *testing.T) {
	const uuid = "arn:aws:kafka:eu-west-1:123456789012:cluster/demo/12345678-1234-1234-1234-123456789012"
	for name, c := range map[string]struct {
		target             Target
		serverless, amazon bool
		region             string
	}{
		"serverless host": {Target{Bootstrap: []string{"boot-abc.c1.kafka-serverless.eu-west-1.amazonaws.com:9098"}}, true, true, "eu-west-1"},
		"provisioned":     {Target{Bootstrap: []string{"b-1.demo.abc.c2.kafka.us-east-2.amazonaws.com:9092"}}, false, true, "us-east-2"},
		"serverless ARN":  {Target{ARN: uuid + "-s12"}, true, true, "eu-west-1"},
		"other ARN":       {Target{ARN: uuid + "-12"}, false, true, "eu-west-1"},
		"own name, IAM":   {Target{Bootstrap: []string{"kafka.example:9098"}, Auth: Auth{Mechanism: MSKIAM}, AWS: AWS{Region: "eu-north-1"}}, false, true, "eu-north-1"},
		"own name":        {Target{Bootstrap: []string{"kafka.example:9092"}}, false, false, ""},
		"this machine":    {Target{Bootstrap: []string{"localhost:9092", "[::1]:9092"}, Auth: Auth{Mechanism: MSKIAM}}, false, false, ""},
		"embedded":        {Target{Embedded: &EmbeddedTarget{As: "msk-serverless"}}, false, false, ""},
	} {
		if _, serverless := c.target.Serverless(); serverless != c.serverless {
			t.Errorf("%s: serverless %v", name, serverless)
		}
		if c.target.Amazon() != c.amazon || c.target.Region() != c.region {
			t.Errorf("%s: Amazon's %v, region %q", name, c.target.Amazon(), c.target.Region())
		}
	}
}
