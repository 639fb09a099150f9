package cost

import (
	_ "embed"
	"maps"
	"slices"

	"msklt/internal/limits"
	"msklt/scenario"
)

//go:embed prices.yaml
var builtIn []byte

// Prices of one region in one currency.
type Prices struct {
	scenario.PriceList
	from string // the price file; "" for the built-in prices alone
}

// BuiltIn are the prices that msklt comes with.
func BuiltIn() (Prices, error) { return parse("prices.yaml", builtIn) }

// Over lays the prices of a file over the built-in ones when both are of one
// region and currency; else the file stands alone. The error is
// [scenario.Problems], with every mistake of the file.
func Over(base Prices, name string, data []byte) (Prices, error) {
	p, err := parse(name, data)
	if err != nil {
		return Prices{}, err
	}
	p.from = name
	if p.Region == base.Region && p.Currency == base.Currency {
		values := maps.Clone(base.Prices)
		maps.Copy(values, p.Prices)
		p.Prices = values
	}
	return p, nil
}

func parse(name string, data []byte) (Prices, error) {
	list, err := scenario.ParsePrices(name, data, units())
	if err != nil {
		return Prices{}, err
	}
	return Prices{PriceList: *list}, nil
}

// said is where prices come from, and the day of the newest of them.
func (p Prices) said() string {
	days := []string{""}
	for _, s := range p.Sources {
		days = append(days, s.Read)
	}
	text := "read " + slices.Max(days)
	if p.from != "" {
		text += ", those of " + p.from + " first"
	}
	return text
}

// units are the prices that there can be, with what each is for.
func units() map[string]string {
	all := map[string]string{
		"serverless.cluster": "cluster-hour", "serverless.partitions": "partition-hour",
		"serverless.in": "GiB", "serverless.out": "GiB", "serverless.storage": "GiB-month",
		"express.in": "GiB", "express.storage": "GiB-month", "standard.storage": "GiB-month",
	}
	for _, profile := range limits.Profiles() {
		if kind, size := priced(profile); size != "" {
			all[kind+"."+size] = "broker-hour"
		}
	}
	return all
}
