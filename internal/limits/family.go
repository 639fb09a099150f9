package limits

import (
	"embed"
	"fmt"
	"io/fs"
	"math/big"
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"msklt/scenario"
)

//go:embed profiles/*.yaml
var profileFiles embed.FS

// family is a file of profiles: one profile, or with Sizes one for each row.
type family struct {
	Name  string `yaml:"profile"`
	About string `yaml:"about"`
	// Kind is "quota" for what a service enforces, "estimate" for what a machine
	// is said to carry, "parameters" for values that the user gives.
	Kind       string            `yaml:"kind"`
	Parameters []parameter       `yaml:"parameters"`
	Sources    map[string]source `yaml:"sources"`
	Limits     []figure          `yaml:"limits"`
	Columns    []figure          `yaml:"columns"` // without a value: the rows hold it
	Sizes      []sizeRow         `yaml:"sizes"`
	Readings   []string          `yaml:"readings"` // of what a source leaves open
	Unknown    []string          `yaml:"unknown"`
}

// parameter is what may follow a profile's name behind a colon.
type parameter struct {
	Name    string  `yaml:"name"`
	Unit    string  `yaml:"unit"`    // "bytes/s", or what is counted
	Default string  `yaml:"default"` // "" when it must be given
	Example string  `yaml:"example"`
	Least   float64 `yaml:"least"`
	Most    float64 `yaml:"most"`
}

type source struct {
	Title string `yaml:"title"`
	Page  string `yaml:"page"`
	Read  string `yaml:"read"` // the day, 2026-11-21
}

// figure is a published value: of a limit, or with Says one that is only told.
type figure struct {
	Limit     Name    `yaml:"limit"`
	Says      string  `yaml:"says"`
	Value     float64 `yaml:"value"`
	Parameter string  `yaml:"parameter"` // whose value it is
	Times     string  `yaml:"times"`     // the parameter that it is multiplied by
	Unit      string  `yaml:"unit"`
	Source    string  `yaml:"source"`
	IAM       bool    `yaml:"iam"` // it counts clients that log in with AWS IAM, no others
}

// sizeRow holds the values of Columns for one size; nil where none is published.
type sizeRow struct {
	Size string     `yaml:"size"`
	Row  []*float64 `yaml:"row"`
}

// families reads the built-in profiles.
func families() ([]family, error) {
	files, err := fs.Glob(profileFiles, "profiles/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing profiles: %w", err)
	}
	var all []family
	for _, name := range files {
		data, err := profileFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading profile: %w", err)
		}
		var f family
		if err := yaml.Load(data, &f, yaml.WithKnownFields()); err != nil {
			return nil, fmt.Errorf("reading profile %s: %w", name, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// names are the profiles of a family.
func (f family) names() []string {
	if len(f.Sizes) == 0 {
		return []string{f.Name}
	}
	var names []string
	for _, s := range f.Sizes {
		names = append(names, f.Name+"-"+s.Size)
	}
	return names
}

// limits are the values of one of the family's profiles under parameters.
func (f family) limits(name string, parameters []string) (Limits, error) {
	given, err := f.read(name, parameters)
	if err != nil {
		return Limits{}, err
	}
	l := Limits{Profile: name, Values: map[Name]float64{}, Brokers: int(given["brokers"]), Estimate: f.Kind == "estimate"}
	if len(parameters) > 0 {
		l.Profile += ":" + strings.Join(parameters, ":")
	}
	for _, p := range f.Parameters[min(len(parameters), len(f.Parameters)):] {
		l.Profile += ":" + p.Default // so that the name says everything
	}
	figures := slices.Clone(f.Limits)
	for _, s := range f.Sizes {
		if f.Name+"-"+s.Size == name {
			figures = append(figures, f.row(s)...)
		}
	}
	for _, v := range figures {
		value, err := v.value(given)
		if err != nil {
			return Limits{}, fmt.Errorf("profile %s: %w", name, err)
		}
		if v.Says != "" {
			l.Notes = append(l.Notes, fmt.Sprintf("Each broker: %s %s %s.", v.Says, strconv.FormatFloat(v.Value, 'f', -1, 64), v.Unit))
			continue
		}
		l.Values[v.Limit] = value
		if v.IAM {
			l.IAMOnly = append(l.IAMOnly, v.Limit)
		}
	}
	l.Notes = append(append(l.Notes, f.Readings...), f.Unknown...)
	return l, nil
}

// row joins the columns with the values of a size.
func (f family) row(s sizeRow) (figures []figure) {
	for i, column := range f.Columns {
		if value := s.Row[i]; value != nil {
			column.Value = *value
			figures = append(figures, column)
		}
	}
	return figures
}

// value is the figure in the unit of its limit.
func (v figure) value(given map[string]float64) (float64, error) {
	if v.Parameter != "" {
		return given[v.Parameter], nil
	}
	_, factor, err := unitOf(v.Unit)
	if err != nil {
		return 0, err
	}
	value := new(big.Rat)
	if _, ok := value.SetString(strconv.FormatFloat(v.Value, 'f', -1, 64)); !ok {
		return 0, fmt.Errorf("%v is no value", v.Value)
	}
	exact, _ := value.Mul(value, factor).Float64()
	if v.Times != "" {
		exact *= given[v.Times]
	}
	return exact, nil
}

// unitOf splits a printed unit into the unit of a limit and how many of those it
// is. What is counted stands for itself.
func unitOf(printed string) (unit string, factor *big.Rat, err error) {
	bytes := map[string]int64{"KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
	what, per, rate := strings.Cut(printed, "/")
	factor = big.NewRat(1, 1)
	if n, ok := bytes[what]; ok {
		what, factor = "bytes", big.NewRat(n, 1)
	}
	switch {
	case printed == "":
		return "", nil, fmt.Errorf("a value has no unit")
	case !rate:
		return what, factor, nil
	case per == "s":
	case per == "5m":
		factor.Quo(factor, big.NewRat(300, 1))
	default:
		return "", nil, fmt.Errorf("unit %q is not known", printed)
	}
	return what + "/s", factor, nil
}

// read reads the parameters behind a profile's name.
func (f family) read(name string, texts []string) (map[string]float64, error) {
	if len(texts) > len(f.Parameters) {
		return nil, fmt.Errorf("%s takes %s, got %.60q", name, f.takes(name), strings.Join(texts, ":"))
	}
	values := map[string]float64{}
	for i, p := range f.Parameters {
		text := p.Default
		if i < len(texts) {
			text = texts[i]
		}
		if text == "" {
			return nil, fmt.Errorf("%s takes %s; %s is missing", name, f.takes(name), p.Name)
		}
		value, err := p.parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s takes %s: %w", name, f.takes(name), err)
		}
		values[p.Name] = value
	}
	return values, nil
}

func (p parameter) parse(text string) (float64, error) {
	if p.Unit == "bytes/s" {
		rate, err := scenario.ParseByteRate(text)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", p.Name, err)
		}
		return rate, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || float64(n) < p.Least || float64(n) > p.Most {
		return 0, fmt.Errorf("%s must be a whole number from %.0f to %.0f, is %.40q", p.Name, p.Least, p.Most, text)
	}
	return float64(n), nil
}

// takes shows what the parameters of a profile look like.
func (f family) takes(name string) string {
	if len(f.Parameters) == 0 {
		return "no parameters"
	}
	shape, example := "", name
	for _, p := range f.Parameters {
		shape += ":" + p.Name
		if p.Default != "" {
			shape += " (" + p.Default + " if left out)"
		}
		if p.Example != "" {
			example += ":" + p.Example
		} else {
			example += ":" + p.Default
		}
	}
	return strings.TrimPrefix(shape, ":") + ", such as " + example
}
