package scenario

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// PriceList is a price file: prices of one region in one currency.
type PriceList struct {
	Currency string
	Region   string
	Sources  map[string]PriceSource
	Prices   map[string]Price
}

// PriceSource is where prices come from.
type PriceSource struct {
	Title, Page string
	Read        string // the day, 2026-11-21
}

// Price is what one Unit costs.
type Price struct {
	Value  float64
	Unit   string
	Source string // a key of the list's Sources
}

// ParsePrices decodes a price file. units are the names that it may hold, with
// the unit that each is priced by. The error is [Problems], with every mistake
// that the file has.
func ParsePrices(name string, data []byte, units map[string]string) (*PriceList, error) {
	d := &decoder{source: newSource(name, data)}
	root, problems := d.source.parse(data)
	d.problems = problems
	if root == nil {
		return nil, d.problems.sorted()
	}
	var list *PriceList
	if o := d.object(root, root, ""); o != nil {
		list = prices(o, units)
	}
	if len(d.problems) > 0 {
		return nil, d.problems.sorted()
	}
	return list, nil
}

func prices(o *object, units map[string]string) *PriceList {
	list := &PriceList{Sources: map[string]PriceSource{}, Prices: map[string]Price{}}
	o.require("currency", "USD")
	list.Currency = o.name("currency", "a currency such as USD")
	o.require("region", "us-east-1")
	list.Region = o.name("region", "a region such as us-east-1")
	o.require("sources", "{mine: {title: our contract, page: intranet, read: 2026-11-21}}")
	if all := o.child("sources"); all != nil {
		all.entries(maxName, func(name string, e *object) {
			if e != nil {
				list.Sources[name] = priceSource(e)
			}
		})
	}
	o.require("prices", "{serverless.cluster: {value: 0.75, unit: cluster-hour, source: mine}}")
	if all := o.child("prices"); all != nil {
		known := slices.Sorted(maps.Keys(units))
		all.entries(maxName, func(name string, e *object) {
			if !slices.Contains(known, name) {
				o.report(all.key(name), suggest(name, known), "no price is called %s", quote(name))
			}
			if e != nil {
				list.Prices[name] = onePrice(e, units[name], list.Sources)
			}
		})
		if len(all.keys) == 0 {
			o.fail("prices", "", "there is no price")
		}
	}
	o.done()
	return list
}

func priceSource(o *object) PriceSource {
	o.require("title", "our contract")
	o.require("page", "intranet/aws")
	o.require("read", "2026-11-21")
	s := PriceSource{Title: o.string("title", "text"), Page: o.string("page", "text"), Read: o.string("read", "a day such as 2026-11-21")}
	if _, err := time.Parse(time.DateOnly, s.Read); err != nil && o.has("read") {
		o.fail("read", "", "want a day such as 2026-11-21, got %s", quote(s.Read))
	}
	return s
}

func onePrice(o *object, unit string, sources map[string]PriceSource) Price {
	const most = 1e9
	o.require("value", "0.75")
	o.require("unit", cmp.Or(unit, "GiB"))
	o.require("source", "mine")
	p := Price{Value: o.number("value", 0, 0, most), Unit: o.string("unit", "a unit"), Source: o.string("source", "the name of a source")}
	if o.has("unit") && unit != "" && p.Unit != unit {
		o.fail("unit", fmt.Sprintf("AWS's GB is a GiB; write unit: %s", unit), "want %s, got %s", unit, quote(p.Unit))
	}
	if _, known := sources[p.Source]; !known && o.has("source") {
		o.fail("source", suggest(p.Source, slices.Sorted(maps.Keys(sources))), "no source is called %s", quote(p.Source))
	}
	return p
}
