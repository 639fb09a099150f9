// Package cost works out what a load costs on Amazon MSK: prices as data, and
// arithmetic on them. It is pure: no clock, no network.
package cost

import (
	"errors"
	"fmt"
	"strings"
)

// gib is the GB of AWS's bills, which its service terms define as 2^30 bytes.
const gib = 1 << 30

// Usage is what is paid for.
type Usage struct {
	Profile    string  // of limits, with its parameters: "msk-express-m7g.large:3"
	Brokers    int     // of a provisioned cluster
	Partitions int     // leaders
	Hours      float64 // how long it lasts
	BytesIn    float64 // in all
	BytesOut   float64 // in all
	// StoredByteHours adds up what is stored, one copy of it, over the hours;
	// ReplicaByteHours all its replicas.
	StoredByteHours  float64
	ReplicaByteHours float64
	// MonthHours are the hours of a month, which storage is priced by.
	MonthHours float64
}

// Item is one line of a bill. Amounts are not rounded.
type Item struct {
	Name      string  `json:"name"`
	Quantity  float64 `json:"quantity"`
	Unit      string  `json:"unit"`
	UnitPrice float64 `json:"unit_price"`
	Amount    float64 `json:"amount"`
}

// Bill is what a usage costs.
type Bill struct {
	Currency    string   `json:"currency"`
	Region      string   `json:"region"`
	Total       float64  `json:"total"`
	Items       []Item   `json:"items"`
	Assumptions []string `json:"assumptions"`
}

// Estimate prices a usage. The error says what has no price: the profile, or one
// of the items that it needs; a bill without it would be wrong.
func Estimate(u Usage, p Prices) (*Bill, error) {
	storage := 1 / (gib * u.MonthHours)
	b := &Bill{Currency: p.Currency, Region: p.Region}
	b.Assumptions = append(b.Assumptions,
		fmt.Sprintf("Prices of %s, %s; those of other regions and discounts are not known here.", p.Region, p.said()),
		"AWS's GB is read as 2^30 bytes; data are record batches with their headers, and parts of an hour are not rounded up.",
		"Traffic between availability zones is not priced: where the clients are is not known.")
	kind, size := priced(u.Profile)
	var missing []string
	add := func(name, price string, quantity float64) {
		v, ok := p.Prices[price]
		if !ok {
			missing = append(missing, price)
			return
		}
		b.Items = append(b.Items, Item{name, quantity, v.Unit, v.Value, quantity * v.Value})
		b.Total += quantity * v.Value
	}
	switch kind {
	case "serverless":
		add("cluster", "serverless.cluster", u.Hours)
		add("partitions", "serverless.partitions", float64(u.Partitions)*u.Hours)
		add("data in", "serverless.in", u.BytesIn/gib)
		add("data out", "serverless.out", u.BytesOut/gib)
		add("storage", "serverless.storage", u.StoredByteHours*storage)
	case "express":
		add("brokers", "express."+size, float64(u.Brokers)*u.Hours)
		add("data in", "express.in", u.BytesIn/gib)
		add("storage", "express.storage", u.StoredByteHours*storage)
		b.Assumptions = append(b.Assumptions, "Express storage and data written are counted once, not for each replica.")
	case "standard":
		add("brokers", "standard."+size, float64(u.Brokers)*u.Hours)
		add("storage", "standard.storage", u.ReplicaByteHours*storage)
		b.Assumptions = append(b.Assumptions, "EBS volumes are counted as large as what is stored on all replicas; AWS charges for what is provisioned, which must be more.")
	default:
		if u.Profile == "none" {
			return nil, errors.New("only profiles of Amazon MSK have prices, and the limits name none")
		}
		return nil, fmt.Errorf("only profiles of Amazon MSK have prices, and the limits are %s", u.Profile)
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("no price of %s is known for %s", p.Region, strings.Join(missing, ", "))
	}
	return b, nil
}

// priced splits a profile's name into what is priced and its broker size.
func priced(profile string) (kind, size string) {
	name, _, _ := strings.Cut(profile, ":")
	if name == "msk-serverless" {
		return "serverless", ""
	}
	for _, kind := range []string{"express", "standard"} {
		if size, ok := strings.CutPrefix(name, "msk-"+kind+"-"); ok {
			return kind, size
		}
	}
	return "", ""
}
