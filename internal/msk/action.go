package msk

import (
	"encoding/json"
	"slices"
	"strings"
)

// Action is an IAM action, such as kafka-cluster:WriteData.
type Action string

// Actions of Kafka's operations, and of the two AWS APIs that are called where the
// target names an ARN. Source: AWS, Amazon MSK Developer Guide, "Semantics of IAM
// authorization policy actions and resources", as mirrored in
// crowecawcaw/aws-docs-history at 2a49c0b2.
const (
	Connect                 Action = "kafka-cluster:Connect"
	DescribeCluster         Action = "kafka-cluster:DescribeCluster"
	WriteDataIdempotently   Action = "kafka-cluster:WriteDataIdempotently"
	CreateTopic             Action = "kafka-cluster:CreateTopic"
	DescribeTopic           Action = "kafka-cluster:DescribeTopic"
	AlterTopic              Action = "kafka-cluster:AlterTopic"
	DeleteTopic             Action = "kafka-cluster:DeleteTopic"
	WriteData               Action = "kafka-cluster:WriteData"
	ReadData                Action = "kafka-cluster:ReadData"
	DescribeGroup           Action = "kafka-cluster:DescribeGroup"
	AlterGroup              Action = "kafka-cluster:AlterGroup"
	DeleteGroup             Action = "kafka-cluster:DeleteGroup"
	DescribeTransactionalID Action = "kafka-cluster:DescribeTransactionalId"
	AlterTransactionalID    Action = "kafka-cluster:AlterTransactionalId"

	GetBootstrapBrokers Action = "kafka:GetBootstrapBrokers"
	DescribeClusterV2   Action = "kafka:DescribeClusterV2"
)

// Need is what IAM asks for before one of Kafka's operations.
type Need struct {
	Operation string   // in the words of Kafka's ACLs: "create topic"
	Actions   []Action // the operation's own first, then those that AWS wants beside it
}

// Needs lists all that msklt asks a cluster for, in the order in which a run does.
func Needs() []Need {
	return []Need{
		{"connect", []Action{Connect}},
		{"describe cluster", []Action{DescribeCluster, Connect}},
		{"create topic", []Action{CreateTopic, Connect}},
		{"describe topic", []Action{DescribeTopic, Connect}},
		{"alter topic", []Action{AlterTopic, Connect, DescribeTopic}}, // partitions added to topics that one request may not make whole
		{"idempotent write", []Action{WriteDataIdempotently, Connect, WriteData}},
		{"write", []Action{WriteData, Connect, DescribeTopic}},
		{"read", []Action{ReadData, Connect, DescribeTopic, AlterGroup}},
		{"describe group", []Action{DescribeGroup, Connect}},
		{"read group", []Action{AlterGroup, Connect, DescribeGroup}},
		{"delete group", []Action{DeleteGroup, Connect, DescribeGroup}},
		{"describe transactional id", []Action{DescribeTransactionalID, Connect}},
		{"write transactional id", []Action{AlterTransactionalID, Connect, DescribeTransactionalID, WriteData}},
		{"delete topic", []Action{DeleteTopic, Connect, DescribeTopic}},
	}
}

// resource is the kind of thing that a policy must allow the action on.
func (a Action) resource() string {
	_, name, _ := strings.Cut(string(a), ":")
	switch {
	case a == WriteDataIdempotently || strings.Contains(name, "Cluster") || a == Connect || a == GetBootstrapBrokers:
		return "cluster"
	case strings.Contains(name, "Group"):
		return "group"
	case strings.Contains(name, "TransactionalId"):
		return "transactional-id"
	default:
		return "topic"
	}
}

type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Effect   string
	Action   []Action
	Resource string
}

// PolicyFor is an IAM policy, as JSON, that allows actions on a cluster, and there
// only on what runs create: topics, groups and transactional ids that begin with
// msklt-. Without an ARN it has one with words to replace. A topic that a scenario
// calls existing is not in it.
func PolicyFor(actions []Action, arn string) string {
	if a, err := parseARN(arn); err != nil {
		arn = "arn:aws:kafka:REGION:ACCOUNT:cluster/NAME/UUID"
	} else {
		arn = a.String()
	}
	p := policy{Version: "2012-10-17"}
	for _, kind := range []string{"cluster", "topic", "group", "transactional-id"} {
		s := statement{Effect: "Allow", Resource: strings.Replace(arn, ":cluster/", ":"+kind+"/", 1)}
		if kind != "cluster" {
			s.Resource += "/msklt-*"
		}
		for _, a := range actions {
			if a.resource() == kind && !slices.Contains(s.Action, a) {
				s.Action = append(s.Action, a)
			}
		}
		if len(s.Action) > 0 {
			p.Statement = append(p.Statement, s)
		}
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err.Error() // texts only: cannot fail
	}
	return string(text)
}
