package access

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"msklt/internal/msk"
	"msklt/scenario"
)

// askAWS gets credentials where clients log in with AWS's, and for an ARN asks where
// the cluster is and what it is.
func (a *Access) askAWS(ctx context.Context, t *scenario.Target) error {
	account, err := msk.NewAccount(ctx, t.AWS, t.Bootstrap, t.ARN)
	if err != nil {
		return &Problem{Stage: Setup, Message: err.Error(), Err: err}
	}
	a.Region = account.Region
	if t.Auth.Mechanism == scenario.MSKIAM {
		a.Auth, a.signer = account.Mechanism(), account.Signer
	}
	if t.ARN == "" {
		return nil
	}
	d, err := account.Describe(ctx, t.ARN)
	if err != nil {
		return &Problem{Stage: Setup, Message: err.Error(), Err: err}
	}
	a.Kind, a.Profile, a.Note = d.Kind, d.Profile, d.Note
	if a.Bootstrap = d.Addresses[t.Auth.Mechanism]; len(a.Bootstrap) == 0 {
		return &Problem{Stage: Setup,
			Message: fmt.Sprintf("cluster %s has no addresses for %s, but for %s", d.Name, named(t.Auth.Mechanism), strings.Join(slices.Sorted(maps.Keys(d.Addresses)), ", ")),
			Fix:     "change auth.mechanism, or enable that login on the cluster"}
	}
	return nil
}

// named is a mechanism in words.
func named(mechanism string) string {
	if mechanism == scenario.NoAuth {
		return "clients that do not log in"
	}
	return mechanism
}
