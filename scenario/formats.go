package scenario

import "strings"

// textFormat is how text of one kind looks, for editors: what the parser of that
// kind takes matches the pattern. The parser is stricter.
type textFormat struct {
	want     string   // as in messages
	types    []string // of JSON; a file may leave out the quotes of text that looks like a number
	pattern  string   // of strings; "" for any
	examples []any
}

const (
	variable  = `\$\{` // any text may hold one; what is no text otherwise needs quotes round it
	decimal   = `[0-9]+(\.[0-9]+)?`
	byteUnit  = `([KMGT]i?)?B`
	goTime    = `[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+`
	plainName = `[A-Za-z0-9._-]+`
)

func textFormats() []textFormat {
	number, text := []string{"number", "string"}, []string{"string"}
	free := []string{"string", "number", "boolean"}
	return []textFormat{
		{wantInteger, []string{"integer", "string"}, variable, nil},
		{wantNumber, number, variable, nil},
		{wantSeed, []string{"integer", "string"}, variable, nil},
		{wantFlag, []string{"boolean", "string"}, variable, nil},
		{wantSize, []string{"integer", "string"}, decimal + `(` + byteUnit + `)?`, []any{"16KiB", "1MB", 100}},
		{wantByteRate, text, decimal + byteUnit + `/s`, []any{"4MB/s", "512KiB/s"}},
		{wantCountRate, text, decimal + `/s`, []any{"15000/s"}},
		{wantSlowRate, text, decimal + `/([smh]|` + goTime + `)`, []any{"2/s", "250/5m"}},
		{wantRate, text, `max|` + decimal + `(` + byteUnit + `)?/s`, []any{"40MB/s", "40000/s", "max"}},
		{wantRateValue, text, decimal + `(` + byteUnit + `)?/s`, []any{"40MB/s", "40000/s"}},
		{"the number of a partition, or round-robin", []string{"integer", "string"}, "round-robin", []any{7, "round-robin"}},
		{"the name of a group", free, "", nil},
		{wantCheck, text, `\s*(` + strings.ReplaceAll(strings.Join(ThresholdMetrics(), "|"), ".", `\.`) + `)\s*(==|[<>]=?)\s*\S.*`,
			[]any{"response.p99 < 500ms", "throttled.share < 5%", "failed == 0"}},
		{wantPartition, free, plainName + `/[0-9]+`, []any{"orders/7"}},
		{wantDuration, []string{"string", "integer"}, goTime + `|[+-]?0`, []any{"500ms", "1m30s"}},
		{wantShare, number, decimal + `%?`, []any{"30%", 0.3}},
		{"a name", free, plainName, nil},
		{"text", free, "", nil},
		{"text or a number", free, "", nil},
		{"the name of a topic", free, plainName, nil},
		{wantScenario, text, "", []any{"base.yaml"}},
		{"the name of a file", text, "", nil},
		{"the SHA-256 of the file", text, `[0-9A-Fa-f]{64}`, nil},
		{wantAddress, text, "", []any{"broker-1.example:9092"}},
		{"addresses, separated by commas", text, "", []any{"broker-1.example:9092,broker-2.example:9092"}},
		{"the ARN of an MSK cluster", text, `arn:aws\S+`, []any{"arn:aws:kafka:eu-west-1:111122223333:cluster/NAME/UUID"}},
		{wantRoleARN, text, `arn:aws\S+`, []any{"arn:aws:iam::111122223333:role/NAME"}},
		{"an AWS region such as eu-west-1", text, `[a-z]{2,4}(-[a-z]+)+-[0-9]+`, []any{"eu-west-1"}},
		{wantTLS, text, tlsOff, []any{tlsOff}},
		{wantURL, text, `https?://\S+`, nil},
		{"the name of a host", text, "", nil},
		{"a profile or a file", text, "", []any{"msk-serverless", "none", "limits.yaml"}},
		{"a profile, a file, or a mapping", text, "", []any{"msk-serverless", "none", "limits.yaml"}},
	}
}

// formatOf is the format of what messages call want.
func formatOf(want string) (textFormat, bool) {
	for _, f := range textFormats() {
		if f.want == want {
			return f, true
		}
	}
	return textFormat{}, false
}
