package report

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"msklt/internal/cost"
	"msklt/internal/limits"
)

// planned is the plan of the hot-key fixture.
func planned() *limits.Plan {
	return &limits.Plan{
		Schema: limits.PlanSchema, Scenario: limits.PlannedScenario{Name: "hot-key", Hash: "sha256:5f1d7a84b1c0"},
		LimitsProfile: "msk-serverless", Brokers: 3,
		Partitions: []limits.PlannedPartition{
			{Topic: "orders", Partition: 0, Predicted: 2.45e6, Consumed: 2.45e6, TopKeys: []limits.KeyShare{}},
			{Topic: "orders", Partition: 7, Predicted: 15.05e6, Consumed: 15.05e6, TopKeys: []limits.KeyShare{{Key: "customer-12", Share: 0.3}, {Key: "8812", Share: 0.02}}},
		},
		Limits: []limits.PlannedLimit{
			{Limit: limits.PartitionIngress, Scope: "orders/7", Topic: "orders", Partition: ref(int32(7)), Declared: 5e6, Predicted: 15.05e6, Use: 3.01,
				Unit: "bytes/s", BindsAtLoad: ref(0.3322), BindsAfterSeconds: ref(7.4), Met: true},
			{Limit: limits.PartitionEgress, Scope: "orders/7", Declared: 10e6, Predicted: 15.05e6, Use: 1.505, Unit: "bytes/s", BindsAtLoad: ref(0.664), BindsAfterSeconds: ref(12.0)},
			{Limit: limits.ClientIngress, Scope: "client checkout-0 on broker 1", Declared: 60e6, Predicted: 4e6, Use: 0.0667, Unit: "bytes/s", BindsAtLoad: ref(15.0)},
			{Limit: limits.ClusterIngress, Scope: "cluster", Declared: 200e6, Predicted: 42e6, Use: 0.21, Unit: "bytes/s", BindsAtLoad: ref(4.762)},
			{Limit: limits.ClusterRequests, Scope: "cluster", Declared: 15000, Predicted: 12345, Use: 0.823, Unit: "requests/s", BindsAtLoad: ref(1.215), UpperBound: true},
			{Limit: limits.ClusterMessage, Scope: "cluster", Declared: 8 << 20, Predicted: 1040, Use: 1040.0 / (8 << 20), Unit: "bytes"},
			{Limit: limits.ClusterPartitionChanges, Scope: "cluster", Declared: 250.0 / 300, Unit: "partitions/s"},
			{Limit: limits.ClusterGroups, Scope: "–", Declared: 500, Unit: "groups"},
		},
		First:  &limits.FirstLimit{Limit: limits.PartitionIngress, Scope: "orders/7", Topic: "orders", Partition: ref(int32(7)), LoadFactor: 0.3322, Because: "customer-12"},
		Beyond: &limits.Beyond{SharedBytesPerSecond: 14e6, OwnClientBytesPerSecond: ref(31e6), OfferedBytesPerSecond: 42e6, Text: "Clients that send in order pull the fleet down to 14.0 MB/s."},
		Clients: []limits.PlannedFleet{
			{Fleet: "checkout", Clients: 4, RequestsPerSecond: 2451, BatchFill: 0.266, RecordsPerBatch: 4.15},
			{Fleet: "billing", Clients: 1, RequestsPerSecond: 12, UpperBound: true},
		},
		Connections: limits.PlannedConnections{Open: 35, AttemptsPerSecond: 23, RampSeconds: 0.35},
		Creation:    limits.PlannedCreation{Topics: 1, Partitions: 1200, Seconds: 1204, RemovalSeconds: 301},
		Totals: limits.PlannedTotals{BytesInPerSecond: 42e6, BytesOutPerSecond: 42e6, RecordsPerSecond: 38948,
			Partitions: 12, RunSeconds: 45, RunBytesIn: 1.7325e9, RunBytesOut: 1.7325e9},
		Advice:      []limits.Advice{{Limit: limits.PartitionIngress, Text: "No partition count helps: split key customer-12 into at least 3."}},
		Assumptions: []string{"AWS prints MBps without saying 10^6 or 2^20 bytes; read as 10^6, the lower of the two by 4.9 %."},
	}
}

// priced is a plan of the hot-key fixture with a made-up bill.
func priced() *Plan {
	return &Plan{Plan: *planned(), StoredBytes: ref(25.4016e12), Cost: &cost.Projection{
		Currency: "USD", Region: "us-east-1", PerRun: 0.2534, PerHour: 24.5059, PerMonth: 17889.361, MonthHours: 730,
		Items: []cost.Item{
			{Name: "cluster", Quantity: 730, Unit: "cluster-hour", UnitPrice: 0.75, Amount: 547.5},
			{Name: "partitions", Quantity: 8760, Unit: "partition-hour", UnitPrice: 0.0015, Amount: 13.14},
			{Name: "data in", Quantity: 100158.114, Unit: "GiB", UnitPrice: 0.1, Amount: 10015.8114},
		},
		Assumptions: []string{"Prices of us-east-1, read 2026-11-21; those of other regions and discounts are not known here."},
	}}
}

func goldenText(t *testing.T, name, got string) {
	t.Helper()
	golden := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestPlanGolden(t *testing.T) {
	var one, several bytes.Buffer
	WritePlan(&one, priced(), false, 80)
	goldenText(t, "plan-hot-key", one.String())
	WritePlans(&several, sideBySide(), false, 80)
	goldenText(t, "plans", several.String())
}

// sideBySide are plans under limits with long and short names, one that fits,
// one that declares nothing.
func sideBySide() []*Plan {
	fits, nothing := priced(), priced()
	fits.LimitsProfile, fits.Cost, fits.CostUnknown = "kafka-client-quota:5MB/s:10MB/s:3", nil, "no such prices"
	fits.First = &limits.FirstLimit{Limit: limits.ClientIngress, Scope: "client checkout-0 on broker 1", LoadFactor: 1.7}
	fits.Estimated = true
	nothing.LimitsProfile, nothing.First, nothing.Limits = "none", nil, nil
	return []*Plan{priced(), fits, nothing}
}

// TestPlanSays holds the first sentence, in its three forms.
func TestPlanSays(t *testing.T) {
	for want, first := range map[string]*limits.FirstLimit{
		"not known whether it fits: no limits are declared, so that there is nothing to hold the load against; --limits names some.": nil,
		"fits as far as is known: of what is known of the load, no declared limit binds.":                                            nil,
		"fits up to 12× as far as is known; then cluster.ingress.":                                                                   {Limit: limits.ClusterIngress, Scope: "cluster", LoadFactor: 12},
		"fits: no declared limit binds at any load.":                                                                                 nil,
		"fits up to 1.7×; then partition.ingress on orders/7, because of key customer-12.":                                           {Limit: limits.PartitionIngress, Scope: "orders/7", LoadFactor: 1.7, Because: "customer-12"},
		"does not fit at any load: cluster.partitions is exceeded from the start.":                                                   {Limit: limits.ClusterPartitions, Scope: "cluster"},
		"fits up to 12×; then cluster.ingress.":                                                                                      {Limit: limits.ClusterIngress, Scope: "cluster", LoadFactor: 12},
		"does not fit: only 0.335× of this load does; then partition.ingress on orders/7 binds, because of key customer-12.":         {Limit: limits.PartitionIngress, Scope: "orders/7", LoadFactor: 0.335, Because: "customer-12"},
	} {
		p := priced()
		p.First = first
		p.Limits[0].LowerBound = strings.Contains(want, "as far as is known")
		if strings.Contains(want, "no limits are declared") {
			p.Limits = nil
		}
		var out bytes.Buffer
		WritePlan(&out, p, false, 200)
		if got, _, _ := strings.Cut(out.String(), "\n"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// hostilePlan has names that would break a layout and numbers that would break a
// table.
func hostilePlan() *Plan {
	p := priced()
	evil := "\x1b[2J\r\n<script>" + strings.Repeat("x", 5000)
	p.Scenario.Name, p.LimitsProfile, p.First.Scope, p.First.Because = evil, evil, evil, evil
	p.Beyond.Text, p.Advice[0].Text, p.Assumptions[0] = evil, evil, evil
	p.Clients[0].Fleet, p.Partitions[1].Topic, p.Partitions[1].TopKeys[0].Key = evil, evil, evil
	for i := range p.Limits {
		p.Limits[i].Scope, p.Limits[i].Predicted, p.Limits[i].Use = evil, 1e15, 1e12
	}
	p.Limits[0].Predicted, p.Limits[1].Use, p.Totals.BytesInPerSecond = math.Inf(1), math.NaN(), math.Inf(1)
	p.Cost.Items[0] = cost.Item{Name: evil, Quantity: 1e12, Unit: evil, UnitPrice: 123456.789, Amount: 1e15}
	p.Cost.Currency, p.Cost.Region, p.Cost.Assumptions[0] = evil, evil, evil
	return p
}

func TestPlanFitsItsWidth(t *testing.T) {
	for name, p := range map[string]*Plan{"plain": priced(), "hostile": hostilePlan()} {
		for range 2 {
			var one, several bytes.Buffer
			WritePlan(&one, p, false, 80)
			WritePlans(&several, append(sideBySide(), p), false, 80)
			for line := range strings.Lines(one.String() + several.String()) {
				line = strings.TrimSuffix(line, "\n")
				if n := utf8.RuneCountInString(line); n > 80 && name == "plain" || n > 120 {
					t.Errorf("%s: a line has %d characters: %q", name, n, line)
				}
				if strings.ContainsAny(line, "\x1b\r") || strings.Contains(line, "NaN") || strings.Contains(line, "Inf") || strings.HasSuffix(line, " ") {
					t.Errorf("%s: %q", name, line)
				}
			}
		}
		p.Cost, p.CostUnknown, p.StoredBytes, p.Limits = nil, "no prices", nil, nil
	}
}

// TestPlanColors holds that colour changes nothing but colour.
func TestPlanColors(t *testing.T) {
	var plain, colored bytes.Buffer
	for w, color := range map[*bytes.Buffer]bool{&plain: false, &colored: true} {
		WritePlan(w, priced(), color, 80)
		WritePlans(w, sideBySide(), color, 80)
	}
	if strings.Contains(plain.String(), "\x1b") {
		t.Error("colour where none was asked for")
	}
	text := colored.String()
	for _, code := range []string{"\x1b[1;33m", "\x1b[1;36m", "\x1b[0m"} {
		if !strings.Contains(text, code) {
			t.Errorf("no %q", code)
		}
		text = strings.ReplaceAll(text, code, "")
	}
	if text != plain.String() {
		t.Error("colour changes the text")
	}
}

// TestPlanJSON holds the names of the contract.
func TestPlanJSON(t *testing.T) {
	data, err := json.Marshal(priced())
	if err != nil {
		t.Fatal(err)
	}
	var p map[string]any
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"schema", "scenario", "limits_profile", "partitions", "limits", "first", "advice", "cost"} {
		if p[name] == nil {
			t.Errorf("no %s", name)
		}
	}
	bill := p["cost"].(map[string]any)
	for _, name := range []string{"currency", "region", "per_run", "per_hour", "per_month", "items"} {
		if bill[name] == nil {
			t.Errorf("no cost.%s", name)
		}
	}
	item := bill["items"].([]any)[0].(map[string]any)
	if item["name"] != "cluster" || item["quantity"] != 730.0 || item["unit"] != "cluster-hour" || item["unit_price"] != 0.75 || item["amount"] != 547.5 {
		t.Errorf("item %v", item)
	}
}

// TestMoney holds how amounts are rounded for display.
func TestMoney(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want string
	}{
		{0, "$0.00"}, {1299.6, "$1,299.60"}, {17889.361, "$17,889.36"}, {0.06, "$0.06"}, {0.0094, "$0.0094"},
		{0.000123, "$0.00012"}, {0.0000001, "< $0.000001"}, {1234567.895, "$1,234,567.90"}, {0.009999, "$0.0100"}, {math.NaN(), "not known"},
	} {
		if got := money(c.v, "USD"); got != c.want {
			t.Errorf("%v: %s, want %s", c.v, got, c.want)
		}
	}
	if got := money(3.1, "EUR"); got != "3.10 EUR" {
		t.Errorf("euros: %s", got)
	}
	for v, want := range map[float64]string{0.75: "$0.75", 0.0015: "$0.0015", 0.1: "$0.10", 2: "$2.00", 10.08: "$10.08"} {
		if got := price(v, "USD"); got != want {
			t.Errorf("price %v: %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{3100: "3,100", 100158.114: "100,158.11", 0.0125: "0.0125", 8760: "8,760", 10: "10", 0: "0"} {
		if got := amount(v); got != want {
			t.Errorf("amount %v: %s, want %s", v, got, want)
		}
	}
}
