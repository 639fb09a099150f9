package scenario

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// EmbeddedName is the name of the embedded cluster where a target is asked for.
const EmbeddedName = "embedded"

const (
	wantText     = "text"
	wantFile     = "the name of a file"
	wantRoleARN  = "the ARN of a role"
	wantURL      = "a URL such as http://127.0.0.1:5000"
	mostEmbedded = 100 // brokers
	// leastServerless is the number of brokers that 3 replicas take.
	leastServerless = 3
)

// target reads the whole tree of a target file.
func (d *decoder) target(root *yaml.Node) *Target {
	o := d.object(root, root, "")
	if o == nil {
		return nil
	}
	t := &Target{}
	o.require("version", "1")
	if v := o.integer("version", Version, 0, math.MaxInt32); o.sound("version") && v != Version {
		o.fail("version", fmt.Sprintf("write version: %d", Version), "version %d of the format is not known", v)
	}
	t.Name = o.string("name", wantText)
	t.Bootstrap = addresses(o)
	t.ARN = clusterARN(o)
	t.Embedded = embeddedTarget(o)
	t.Auth = auth(o)
	t.TLS = encryption(o, t.Auth)
	t.AWS = aws(o, t)
	t.ConnectRate = connectRate(o)
	t.Limits, t.Declared = d.limits(o), o.has("limits")
	onePlace(o)
	if t.Embedded != nil {
		for _, name := range []string{"auth", "tls", "aws"} {
			if o.has(name) {
				o.fail(name, "remove it", "does not go with embedded, which is reached without a network")
			}
		}
	} else {
		checkPorts(o, t)
		checkRegion(o, t)
	}
	o.done()
	if t.Name == "" {
		t.Name = t.standardName()
	}
	return t
}

// standardName is what a target is called whose file gives it no name.
func (t *Target) standardName() string {
	switch {
	case t.Embedded != nil:
		return EmbeddedName
	case t.ARN != "":
		return strings.Split(t.ARN, "/")[1]
	}
	return strings.Join(t.Bootstrap, ",")
}

// onePlace reports a target that is no place, or more than one.
func onePlace(o *object) {
	ways := []string{"bootstrap", "arn", "embedded"}
	given := slices.DeleteFunc(slices.Clone(ways), func(w string) bool { return !o.has(w) })
	switch {
	case len(given) == 0 && !slices.ContainsFunc(o.keys, func(k *yaml.Node) bool { return closest(k.Value, ways) != "" }):
		o.report(o.anchor, `add bootstrap: ["HOST:PORT"], arn: arn:aws:kafka:…, or embedded: {}`,
			"nothing says where the cluster is")
	case len(given) > 1:
		o.fail(given[1], "keep one of them", "%s says where the cluster is already", given[0])
	}
}

// clusterARN reads the name that AWS gives an MSK cluster.
func clusterARN(o *object) string {
	const want = "the ARN of an MSK cluster"
	form := regexp.MustCompile(`^arn:aws[a-z-]*:kafka:[a-z0-9-]+:[0-9]{12}:cluster/[^/\s]+/[^/\s]+$`)
	return read(o, "arn", want, "", func(text string) (string, *fault) {
		if !form.MatchString(text) {
			return "", wrong(want, text, "it looks like arn:aws:kafka:eu-west-1:111122223333:cluster/NAME/UUID")
		}
		return text, nil
	})
}

// regionOfARN is where the MSK cluster of an ARN is.
func regionOfARN(arn string) string { return strings.Split(arn+":::", ":")[3] }

func embeddedTarget(o *object) *EmbeddedTarget {
	e := o.child("embedded")
	if e == nil {
		return nil
	}
	t := &EmbeddedTarget{Brokers: e.integer("brokers", 0, 1, mostEmbedded), As: e.word("as", "", "msk-serverless")}
	if t.As != "" && e.has("brokers") && e.sound("brokers") && t.Brokers < leastServerless {
		e.fail("brokers", "leave it out", "MSK Serverless keeps 3 replicas, which takes 3 brokers, not %d", t.Brokers)
	}
	e.done()
	return t
}

// aws reads how AWS is asked; a mechanism or an ARN must ask for it.
func aws(o *object, t *Target) AWS {
	e := o.child("aws")
	if e == nil {
		return AWS{}
	}
	a := AWS{
		Region:          region(e),
		Profile:         e.string("profile", wantText),
		Role:            roleARN(e),
		RoleSession:     e.string("role_session", wantText),
		ExternalID:      e.string("external_id", wantText),
		WebIdentityFile: e.fileName("web_identity_file"),
		Endpoint:        e.url("endpoint"),
		STSEndpoint:     e.url("sts_endpoint"),
	}
	for _, name := range []string{"role_session", "external_id", "web_identity_file"} {
		if e.has(name) && !e.has("role") {
			e.fail(name, "add role: arn:aws:iam::111122223333:role/NAME", "serves to assume a role, and there is none")
		}
	}
	for _, name := range []string{"profile", "external_id"} {
		if e.has(name) && e.has("web_identity_file") {
			e.fail(name, "keep one of them", "does not go with web_identity_file")
		}
	}
	e.done()
	if t.Auth.Mechanism != MSKIAM && !o.has("arn") && o.sound("auth") {
		o.fail("aws", "add auth: {mechanism: aws-msk-iam}, or arn", "nothing here asks AWS for anything")
	}
	return a
}

func region(o *object) string {
	const want = "an AWS region such as eu-west-1"
	form := regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)
	return read(o, "region", want, "", func(text string) (string, *fault) {
		if !form.MatchString(text) {
			return "", wrong(want, text, "")
		}
		return text, nil
	})
}

func roleARN(o *object) string {
	form := regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+$`)
	return read(o, "role", wantRoleARN, "", func(text string) (string, *fault) {
		if !form.MatchString(text) {
			return "", wrong(wantRoleARN, text, "it looks like arn:aws:iam::111122223333:role/NAME")
		}
		return text, nil
	})
}

// url reads the address of a service.
func (o *object) url(name string) string {
	return read(o, name, wantURL, "", func(text string) (string, *fault) {
		u, err := url.Parse(text)
		if strings.Contains(text, "@") {
			return "", &fault{"want " + wantURL + ", got one with a login in it", "leave it out; AWS takes none"}
		}
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return "", wrong(wantURL, text, "")
		}
		return text, nil
	})
}

// fileName reads the name of a file and looks whether it can be read. The result is as
// the program would open it. What a variable stands for is not shown: it may be what
// the file should hold.
func (o *object) fileName(name string) string {
	text, ok := o.scalar(name, wantFile)
	switch {
	case !ok:
		return ""
	case text == "":
		o.fail(name, "", "want the name of a file, got \"\"")
		return ""
	case inside(text) >= 0 || strings.ContainsAny(text, "\n\r"):
		o.fail(name, "write it to a file, and that file's name here", "want the name of a file, got what one holds")
		return ""
	case o.options.ReadFile == nil:
		return text
	}
	if _, err := o.options.ReadFile(text); err != nil {
		o.fail(name, "the path is relative to the folder of the target file", "cannot read %s: %s", quote(o.values[name].Value), reason(err))
	}
	return beside(o.source.file, text)
}

// texts reads a list of texts.
func (o *object) texts(name string) []string {
	var list []string
	for _, item := range o.items(name) {
		text, f := o.text(item, wantText)
		if f != nil {
			o.report(item, f.hint, "%s: %s", join(o.path, name), f.message)
			o.bad[name] = true
		}
		list = append(list, text)
	}
	return list
}
