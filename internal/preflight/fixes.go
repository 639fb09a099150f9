package preflight

import (
	"fmt"
	"slices"
	"strings"

	"msklt/internal/cluster"
	"msklt/internal/msk"
	"msklt/scenario"
)

// commonPrefix begins the names of everything that runs make, of any run.
const commonPrefix = "msklt-"

// fix says how to give a permission: an ACL of Apache Kafka, or an action of IAM.
func (l *look) fix(p cluster.Permission) string {
	all := l.with(p)
	if l.Access.Mechanism == scenario.MSKIAM {
		return fmt.Sprintf("allow %s on %s", actionsOf(all), l.resource(p))
	}
	words := []string{"kafka-acls.sh", "--bootstrap-server", l.Access.Bootstrap[0]}
	if l.Access.TLS || l.Access.Auth != nil {
		words = append(words, "--command-config", "ADMIN.properties")
	}
	words = append(words, "--add", "--allow-principal", "'"+l.principal()+"'")
	for _, one := range all {
		if one.Operation != "describe" || len(all) == 1 { // the others imply it
			words = append(words, "--operation", operation(one))
		}
	}
	switch p.Resource {
	case "cluster":
		words = append(words, "--cluster")
	case "transactional id":
		words = append(words, "--transactional-id", commonPrefix, "--resource-pattern-type", "prefixed")
	default:
		name := p.Name
		if !l.existing(p) {
			name = commonPrefix + " --resource-pattern-type prefixed"
		}
		words = append(words, "--"+p.Resource, name)
	}
	return strings.Join(words, " ")
}

// with is a permission, or for create and describe all that the scenarios need of the
// same resource: the others cannot be tried without these, and would be missed next.
func (l *look) with(p cluster.Permission) []cluster.Permission {
	all := []cluster.Permission{p}
	if p.Operation != "create" && p.Operation != "describe" {
		return all
	}
	for _, o := range l.use.Permissions() {
		if o.Resource == p.Resource && o.Name == p.Name && o != p {
			all = append(all, o)
		}
	}
	return all
}

// operation is what kafka-acls.sh calls an operation.
func operation(p cluster.Permission) string {
	if p.Operation == "idempotent write" {
		return "IdempotentWrite"
	}
	return strings.ToUpper(p.Operation[:1]) + p.Operation[1:]
}

// actions are those of IAM that a permission takes.
func actions(p cluster.Permission) []msk.Action {
	name := p.Operation
	switch {
	case p.Resource == "cluster", p.Resource == "topic" && (name == "write" || name == "read"):
	default:
		name += " " + p.Resource
	}
	for _, n := range msk.Needs() {
		if n.Operation == name {
			return n.Actions
		}
	}
	return nil
}

// actionsOf names the actions of some permissions on the same resource: their own, for
// those that AWS wants beside them are on other resources, or lack in rows of their own.
func actionsOf(all []cluster.Permission) string {
	var words []string
	for _, p := range all {
		for _, a := range actions(p)[:1] {
			if !slices.Contains(words, string(a)) {
				words = append(words, string(a))
			}
		}
	}
	return strings.Join(words, ", ")
}

// resource is what IAM calls what a permission is on.
func (l *look) resource(p cluster.Permission) string {
	switch {
	case p.Resource == "cluster":
		return "the cluster"
	case l.existing(p):
		return "topic/CLUSTER/UUID/" + p.Name
	}
	return strings.ReplaceAll(p.Resource, " ", "-") + "/CLUSTER/UUID/" + commonPrefix + "*"
}

// policy is what to add to the IAM policy of whom the client is, for all that it
// lacks; "" where IAM is not what allows.
func (l *look) policy() string {
	if l.Access.Mechanism != scenario.MSKIAM || len(l.lacking) == 0 {
		return ""
	}
	var all []msk.Action
	for _, p := range l.lacking {
		if !l.existing(p) {
			all = append(all, actions(p)...)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return msk.PolicyFor(all, l.Target.ARN)
}
