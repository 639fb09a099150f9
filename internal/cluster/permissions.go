package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/scenario"
)

// Permission is one thing that a client may do to something, in the words of Kafka's
// ACLs.
type Permission struct {
	Operation string `json:"operation"` // create, describe, alter, write, read, delete or idempotent write
	Resource  string `json:"resource"`  // topic, group, transactional id or cluster
	Name      string `json:"name"`      // of the resource; "" for the cluster
}

func (p Permission) String() string {
	if p.Resource == "cluster" {
		return p.Operation + " on the cluster"
	}
	return p.Operation + " on " + p.Resource + " " + p.Name
}

// Use is what a run does on a cluster.
type Use struct {
	Topics          []TopicUse
	Group           string // the name of one; "" for none
	TransactionalID string // the same
	Idempotent      bool
}

// TopicUse is what a run does to a topic, or to each of a template, of which this is
// one.
type TopicUse struct {
	Name                string // on the cluster
	Existing            bool
	Grow                bool // gets its partitions by more than one request
	Write, Read, Delete bool
}

// UseOf is what a run of a scenario does, with a prefix before the names that it
// makes. With keep it deletes nothing. Topics of more partitions than atOnce are made
// smaller and grown; 0 is any number.
func UseOf(s *scenario.Scenario, prefix string, keep bool, atOnce int) Use {
	var u Use
	for _, t := range s.Topics {
		use := TopicUse{Name: prefix + t.Instances()[0].Name, Existing: t.Existing, Delete: !t.Existing && !keep}
		if t.Existing {
			use.Name = t.Name
		}
		use.Grow = !t.Existing && atOnce > 0 && int(t.Partitions) > atOnce
		for _, p := range s.Producers {
			use.Write = use.Write || p.Topic == t.Name
		}
		for _, c := range s.Consumers {
			use.Read = use.Read || slices.Contains(c.Topics, t.Name)
		}
		u.Topics = append(u.Topics, use)
	}
	for _, p := range s.Producers {
		u.Idempotent = u.Idempotent || p.Settings.Idempotent
		if p.Settings.Transactions.Records > 0 {
			u.TransactionalID = prefix + p.Name
		}
	}
	for _, c := range s.Consumers {
		u.Group = prefix + c.Name
	}
	return u
}

// Permissions are all that a use takes, but for creating topics, in the order in
// which a run needs them.
func (u Use) Permissions() []Permission {
	var all []Permission
	for _, t := range u.Topics {
		all = append(all, Permission{"describe", "topic", t.Name})
		all = append(all, t.operations()...)
	}
	if u.Idempotent {
		all = append(all, Permission{"idempotent write", "cluster", ""})
	}
	if id := u.TransactionalID; id != "" {
		all = append(all, Permission{"describe", "transactional id", id}, Permission{"write", "transactional id", id})
	}
	if g := u.Group; g != "" {
		all = append(all, Permission{"describe", "group", g}, Permission{"read", "group", g}, Permission{"delete", "group", g})
	}
	return all
}

// operations are the permissions that a use of a topic takes beside describe.
func (t TopicUse) operations() []Permission {
	var all []Permission
	for _, o := range []struct {
		name  string
		wants bool
	}{{"alter", t.Grow}, {"write", t.Write}, {"read", t.Read}, {"delete", t.Delete}} {
		if o.wants {
			all = append(all, Permission{o.name, "topic", t.Name})
		}
	}
	return all
}

// Missing returns the permissions that the client lacks for a use whose topics are
// there. It leaves nothing on the cluster: groups and transactional ids are asked for
// in ways that need the permission and that only those that exist would let succeed.
// Untold are those on topics of which the cluster does not say whether the client has
// them. An error is a question that was not answered.
func (c *Cluster) Missing(ctx context.Context, u Use) (missing, untold []Permission, err error) {
	if missing, untold, err = c.missingOnTopics(ctx, u); err != nil {
		return missing, untold, err
	}
	for _, ask := range []func(context.Context, Use) ([]Permission, error){
		c.missingOnGroup, c.missingOnTransactions, c.missingOnCluster,
	} {
		some, err := ask(ctx, u)
		if err != nil {
			return missing, untold, err
		}
		missing = append(missing, some...)
	}
	return missing, untold, nil
}

// lacks tells a refusal for want of a permission.
func lacks(err error) bool {
	for _, refusal := range []error{
		kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed,
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// missingOnTopics goes by what the cluster says that the client may do. One that
// tells nothing, or that leaves out describe for a topic that it has just described,
// is not believed.
func (c *Cluster) missingOnTopics(ctx context.Context, u Use) (missing, untold []Permission, err error) {
	request := kmsg.NewPtrMetadataRequest()
	request.IncludeTopicAuthorizedOperations = true
	request.Topics = []kmsg.MetadataRequestTopic{} // nil would mean all
	uses := map[string]TopicUse{}
	for _, t := range u.Topics {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = kmsg.StringPtr(t.Name)
		request.Topics, uses[t.Name] = append(request.Topics, topic), t
	}
	answer, err := request.RequestWith(ctx, c.client)
	if err != nil {
		return nil, nil, Errorf("asking what the client may do: %w", err)
	}
	for _, t := range answer.Topics {
		use := uses[*t.Topic]
		if err := kerr.ErrorForCode(t.ErrorCode); lacks(err) {
			missing = append(missing, Permission{"describe", "topic", use.Name})
			continue
		}
		allowed := func(o kmsg.ACLOperation) bool { return t.AuthorizedOperations&(1<<o) != 0 }
		if t.AuthorizedOperations < 0 || !allowed(kmsg.ACLOperationDescribe) {
			untold = append(untold, use.operations()...)
			continue
		}
		for _, p := range use.operations() {
			if o, err := kmsg.ParseACLOperation(p.Operation); err != nil || !allowed(o) {
				missing = append(missing, p)
			}
		}
	}
	return missing, untold, nil
}

// missingOnGroup tries a group that does not exist.
func (c *Cluster) missingOnGroup(ctx context.Context, u Use) ([]Permission, error) {
	if u.Group == "" {
		return nil, nil
	}
	offsets := kmsg.NewPtrOffsetFetchRequest()
	offsets.Group, offsets.Topics = u.Group, []kmsg.OffsetFetchRequestTopic{}
	heartbeat := kmsg.NewPtrHeartbeatRequest()
	heartbeat.Group, heartbeat.MemberID = u.Group, "nobody"
	remove := kmsg.NewPtrDeleteGroupsRequest()
	remove.Groups = []string{u.Group}
	return c.tried(ctx, "group", u.Group, []trial{{"describe", offsets}, {"read", heartbeat}, {"delete", remove}})
}

// missingOnTransactions tries to end a transaction that nobody has begun.
func (c *Cluster) missingOnTransactions(ctx context.Context, u Use) ([]Permission, error) {
	if u.TransactionalID == "" {
		return nil, nil
	}
	find := kmsg.NewPtrFindCoordinatorRequest()
	find.CoordinatorType, find.CoordinatorKey, find.CoordinatorKeys = 1, u.TransactionalID, []string{u.TransactionalID}
	end := kmsg.NewPtrEndTxnRequest()
	end.TransactionalID = u.TransactionalID
	return c.tried(ctx, "transactional id", u.TransactionalID, []trial{{"describe", find}, {"write", end}})
}

// missingOnCluster asks for a producer id, which costs nothing.
func (c *Cluster) missingOnCluster(ctx context.Context, u Use) ([]Permission, error) {
	if !u.Idempotent {
		return nil, nil
	}
	id := kmsg.NewPtrInitProducerIDRequest()
	id.TransactionTimeoutMillis = 60_000
	return c.tried(ctx, "cluster", "", []trial{{"idempotent write", id}})
}

// trial is a request that a client without the permission is refused.
type trial struct {
	operation string
	request   kmsg.Request
}

// tried returns the permissions for want of which requests are refused. Describe is
// the first question, because every other goes to a coordinator that it finds.
func (c *Cluster) tried(ctx context.Context, resource, name string, trials []trial) ([]Permission, error) {
	var missing []Permission
	for _, t := range trials {
		answer, err := c.client.Request(ctx, t.request)
		if err == nil {
			err = refusal(answer)
		}
		p := Permission{t.operation, resource, name}
		var told *kerr.Error
		switch {
		case lacks(err):
			missing = append(missing, p)
			if t.operation == "describe" {
				return missing, nil // the others would be refused for this
			}
		case err != nil && !errors.As(err, &told):
			return missing, Errorf("trying %s: %w", p, err)
		}
	}
	return missing, nil
}

// refusal is the error within an answer to a trial.
func refusal(answer kmsg.Response) error {
	switch r := answer.(type) {
	case *kmsg.OffsetFetchResponse:
		for _, g := range r.Groups {
			return kerr.ErrorForCode(g.ErrorCode)
		}
		return kerr.ErrorForCode(r.ErrorCode)
	case *kmsg.HeartbeatResponse:
		return kerr.ErrorForCode(r.ErrorCode)
	case *kmsg.DeleteGroupsResponse:
		for _, g := range r.Groups {
			return kerr.ErrorForCode(g.ErrorCode)
		}
	case *kmsg.FindCoordinatorResponse:
		for _, f := range r.Coordinators {
			return kerr.ErrorForCode(f.ErrorCode)
		}
		return kerr.ErrorForCode(r.ErrorCode)
	case *kmsg.EndTxnResponse:
		return kerr.ErrorForCode(r.ErrorCode)
	case *kmsg.InitProducerIDResponse:
		return kerr.ErrorForCode(r.ErrorCode)
	}
	return nil
}

// seeCheck says where more is to be learnt.
const seeCheck = "msklt check with the same target says how to give it"

// needed is the permission that a request takes, as its refusal names it.
type needed struct{ operation, on string }

var (
	createTopic   = needed{"create", "topic, or on the cluster"}
	alterTopic    = needed{"alter", "topic"}
	describeTopic = needed{"describe", "topic"}
	deleteTopic   = needed{"delete", "topic"}
	readGroup     = needed{"read", "group"}
	describeGroup = needed{"describe", "group"}
	deleteGroup   = needed{"delete", "group"}
	unnamed       needed // where it depends on what there is
)

// named is the permission behind the words "the permission". A request about a group
// can be refused for its topics; which of them is not known.
func (n needed) named(err error) string {
	if n == unnamed || n.on == "group" && errors.Is(err, kerr.TopicAuthorizationFailed) {
		return ""
	}
	return " " + n.operation + " on the " + n.on
}

// Permit fails where the client lacks permissions for a use, and names them.
func (c *Cluster) Permit(ctx context.Context, u Use) error {
	missing, _, err := c.Missing(ctx, u)
	if err == nil && len(missing) > 0 {
		names := make([]string, len(missing))
		for i, p := range missing {
			names[i] = p.String()
		}
		err = Errorf("the client lacks the permission %s; %s", strings.Join(names, ", "), seeCheck)
	}
	return err
}
