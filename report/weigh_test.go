package report

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

// What JSON weighs is what encoding/json makes of it, whatever it is called.
func TestWeigh(t *testing.T) {
	type item struct {
		Name string `json:"name"`
		Most *int64 `json:"most"`
	}
	type whole struct {
		Items []item          `json:"items"`
		By    map[string]item `json:"by"`
		Plain int
	}
	const size = int64(unsafe.Sizeof(item{})) // 24
	for text, want := range map[string]int64{
		`{}`:                              0,
		`{"Plain":12}`:                    0,
		`{"items":[{},null,3]}`:           3 * 2 * size,
		"{\"items\" : [\n{ } ,\t{}\r] }":  2 * 2 * size,
		`{"ITEMS":[{}]}`:                  2 * size,
		`{"\u0069tems":[{}]}`:             2 * size,
		`{"items":[{"name":"a\"}b\\"}]}`:  2*size + int64(len(`"a\"}b\\"`)),
		`{"items":[{"most":1}]}`:          2*size + 8,
		`{"by":{"k":{},"l":{}}}`:          2 * (2*(16+size+8) + 3),
		`{"other":[{},{"items":[{}]},1]}`: 0,
		`{"items":[{}],"items":[{}]}`:     2 * 2 * size,
		`[{"items":[{}]}]`:                0,
		`"text"`:                          6,
	} {
		var w whole
		if err := json.Unmarshal([]byte(text), &w); err != nil && !strings.Contains(err.Error(), "cannot unmarshal") {
			t.Fatal(text, err)
		}
		if err := weigh([]byte(text), reflect.TypeFor[whole](), want); err != nil {
			t.Errorf("%s weighs more than %d: %v", text, want, err)
		}
		if err := weigh([]byte(text), reflect.TypeFor[whole](), want-1); want > 0 && err == nil {
			t.Errorf("%s weighs less than %d", text, want)
		}
	}
}
