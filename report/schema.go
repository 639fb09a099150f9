package report

import _ "embed"

//go:embed result.schema.json
var resultSchema []byte

// ResultSchema is the JSON Schema of result.json. A test holds it against the types
// of this package.
func ResultSchema() []byte { return resultSchema }
