package kafkatest

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ACL is one permission.
type ACL struct {
	On        kmsg.ACLResourceType
	Name      string // of the resource; the cluster's is ClusterName
	Prefix    bool   // all names that begin so
	Operation kmsg.ACLOperation
}

// ClusterName is what permissions call the cluster.
const ClusterName = "kafka-cluster"

// Runs are the permissions that runs of msklt take, and no others.
func Runs() []ACL {
	own := func(on kmsg.ACLResourceType, operations ...kmsg.ACLOperation) (all []ACL) {
		for _, o := range operations {
			all = append(all, ACL{On: on, Name: "msklt-", Prefix: true, Operation: o})
		}
		return all
	}
	return slices.Concat(
		own(kmsg.ACLResourceTypeTopic, kmsg.ACLOperationCreate, kmsg.ACLOperationWrite, kmsg.ACLOperationRead, kmsg.ACLOperationDelete),
		own(kmsg.ACLResourceTypeGroup, kmsg.ACLOperationRead, kmsg.ACLOperationDelete),
		own(kmsg.ACLResourceTypeTransactionalId, kmsg.ACLOperationWrite))
}

// SetACLs makes a principal's permissions these and no others; a principal is
// "User:NAME". It returns when every broker goes by them.
func (b *Broker) SetACLs(t testing.TB, principal string, acls ...ACL) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), adminTimeout)
	defer cancel()
	filter := kmsg.NewDeleteACLsRequestFilter()
	filter.ResourceType, filter.ResourcePatternType = kmsg.ACLResourceTypeAny, kmsg.ACLResourcePatternTypeAny
	filter.Operation, filter.PermissionType = kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
	filter.Principal = &principal
	remove := kmsg.NewPtrDeleteACLsRequest()
	remove.Filters = append(remove.Filters, filter)
	if _, err := ask(ctx, b.bootstrap[0], remove); err != nil {
		t.Fatalf("taking the permissions of %s: %v", principal, err)
	}
	add := kmsg.NewPtrCreateACLsRequest()
	for _, acl := range acls {
		c := kmsg.NewCreateACLsRequestCreation()
		c.ResourceType, c.ResourceName, c.ResourcePatternType = acl.On, acl.Name, acl.pattern()
		c.Principal, c.Host, c.Operation, c.PermissionType = principal, "*", acl.Operation, kmsg.ACLPermissionTypeAllow
		add.Creations = append(add.Creations, c)
	}
	answer, err := ask(ctx, b.bootstrap[0], add)
	if err != nil {
		t.Fatalf("giving %s permissions: %v", principal, err)
	}
	for i, r := range answer.(*kmsg.CreateACLsResponse).Results {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			t.Fatalf("giving %s %+v: %v", principal, acls[i], err)
		}
	}
	want := sorted(acls)
	for _, address := range b.bootstrap {
		waitFor(ctx, t, "permissions of "+principal+" on "+address, func() (bool, error) {
			got, err := describeACLs(ctx, address, principal)
			return slices.Equal(sorted(got), want), err
		})
	}
}

func (a ACL) pattern() kmsg.ACLResourcePatternType {
	if a.Prefix {
		return kmsg.ACLResourcePatternTypePrefixed
	}
	return kmsg.ACLResourcePatternTypeLiteral
}

func sorted(acls []ACL) []ACL {
	return slices.SortedFunc(slices.Values(acls), func(a, b ACL) int {
		return cmp.Or(cmp.Compare(a.On, b.On), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.pattern(), b.pattern()))
	})
}

// describeACLs asks the broker at an address for the permissions that it knows itself.
func describeACLs(ctx context.Context, address, principal string) ([]ACL, error) {
	request := kmsg.NewPtrDescribeACLsRequest()
	request.ResourceType, request.ResourcePatternType = kmsg.ACLResourceTypeAny, kmsg.ACLResourcePatternTypeAny
	request.Operation, request.PermissionType = kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
	request.Principal = &principal
	answer, err := ask(ctx, address, request)
	if err != nil {
		return nil, err
	}
	response := answer.(*kmsg.DescribeACLsResponse)
	var all []ACL
	for _, r := range response.Resources {
		for _, acl := range r.ACLs {
			prefix := r.ResourcePatternType == kmsg.ACLResourcePatternTypePrefixed
			all = append(all, ACL{On: r.ResourceType, Name: r.ResourceName, Prefix: prefix, Operation: acl.Operation})
		}
	}
	return all, kerr.ErrorForCode(response.ErrorCode)
}
