package scenario

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

const wantAddress = "HOST:PORT"

// mskPort is a port on which the brokers of Amazon MSK listen.
type mskPort struct {
	number     int
	mechanisms []string
	tls        bool
}

// mskPorts are those that AWS documents, inside of a VPC and public.
func mskPorts() []mskPort {
	return []mskPort{
		{9092, []string{NoAuth}, false},
		{9094, []string{NoAuth, MutualTLS}, true},
		{9096, []string{SCRAM512}, true},
		{9098, []string{MSKIAM}, true},
		{9194, []string{NoAuth, MutualTLS}, true},
		{9196, []string{SCRAM512}, true},
		{9198, []string{MSKIAM}, true},
	}
}

// Encrypted tells whether connections to these addresses use TLS: where the target
// says so, where a login asks for it, and on the ports that are TLS by custom.
func (t *Target) Encrypted(addresses []string) bool {
	switch {
	case t.TLS.Off || t.Embedded != nil:
		return false
	case t.TLS.Set || t.Auth.Mechanism != NoAuth:
		return true
	}
	return slices.ContainsFunc(addresses, byTLS)
}

// byTLS tells that an address has a port that is TLS by custom.
func byTLS(address string) bool {
	_, port, _ := net.SplitHostPort(address)
	return slices.ContainsFunc(mskPorts(), func(p mskPort) bool { return p.tls && strconv.Itoa(p.number) == port })
}

// addresses reads the field bootstrap: a list, or text with commas, as AWS prints it.
func addresses(o *object) []string {
	n := o.get("bootstrap")
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		text, ok := o.scalar("bootstrap", "addresses, separated by commas")
		if !ok {
			return nil
		}
		var list []string
		for _, one := range strings.Split(text, ",") {
			list = append(list, o.address(n, "bootstrap", strings.TrimSpace(one)))
		}
		return list
	}
	var list []string
	for i, item := range o.items("bootstrap") {
		path := fmt.Sprintf("bootstrap[%d]", i)
		text, f := o.text(item, wantAddress)
		if f != nil {
			o.bad["bootstrap"] = true
			o.report(item, f.hint, "%s: %s", path, f.message)
			continue
		}
		list = append(list, o.address(item, path, text))
	}
	return list
}

// address checks the form of one address.
func (o *object) address(n *yaml.Node, path, text string) string {
	if f := wrongAddress(text); f != nil {
		o.bad["bootstrap"] = true
		o.report(n, f.hint, "%s: %s", path, f.message)
	}
	return text
}

func wrongAddress(text string) *fault {
	if strings.Contains(text, "@") {
		return &fault{"want " + wantAddress + ", got an address with a login in it", "leave it out; auth says how to log in"}
	}
	scheme, rest, found := strings.Cut(text, "://")
	if found {
		return wrong(wantAddress, text, fmt.Sprintf("leave out %s://; auth and tls say how to connect: %s", scheme, rest))
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil && strings.Count(text, ":") == 0 && text != "" {
		return wrong(wantAddress, text, "add the port: "+usualPorts(text))
	}
	if err != nil && strings.Count(text, ":") > 1 && !strings.HasPrefix(text, "[") {
		return wrong(wantAddress, text, "write an IPv6 address in brackets: [::1]:9092; several addresses are a list")
	}
	number, bad := strconv.Atoi(port)
	switch {
	case err != nil || host == "" || strings.ContainsAny(host, " ,/@\"'\t"):
		return wrong(wantAddress, text, "")
	case bad != nil || number < 1 || number > 65535:
		return wrong("a port from 1 to 65535", port, "")
	}
	return nil
}

// usualPorts are the ports that a host may mean.
func usualPorts(host string) string {
	switch {
	case ServerlessHost(host):
		return host + ":9098"
	case regionOfHost(host) != "":
		return "9098 for aws-msk-iam, 9096 for scram-sha-512, 9094 for mtls and TLS, 9092 for neither"
	}
	return host + ":9092, as most brokers without TLS have it"
}

// regionOfHost is where the broker of Amazon MSK is that has this name; "" for others.
func regionOfHost(host string) string {
	m := regexp.MustCompile(`\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\.?$`).FindStringSubmatch(host)
	if m == nil {
		return ""
	}
	return m[1]
}

// checkPorts reports what the addresses say against the login. Only Amazon's own
// brokers have fixed ports.
func checkPorts(o *object, t *Target) {
	if !o.sound("bootstrap", "auth", "tls") || len(t.Bootstrap) == 0 {
		return
	}
	encrypted := slices.IndexFunc(t.Bootstrap, byTLS)
	plain := slices.IndexFunc(t.Bootstrap, func(a string) bool { return !byTLS(a) })
	if encrypted >= 0 && plain >= 0 && !o.has("tls") && t.Auth.Mechanism == NoAuth {
		o.fail("bootstrap", "say it for all of them: tls: {}, or tls: off", "%s has a port of TLS, %s has not", t.Bootstrap[encrypted], t.Bootstrap[plain])
		return
	}
	for _, a := range t.Bootstrap {
		if checkMSKAddress(o, t, a) {
			return // the others are wrong in the same way
		}
	}
	if t.TLS.Off && t.Auth.Mechanism == MSKIAM && !allLoopback(t.Bootstrap) {
		o.fail("tls", "remove tls: off", "%s sends a token that must not be read on the way; only addresses of this machine do without TLS", MSKIAM)
	}
}

// checkMSKAddress reports an address of Amazon MSK whose port does not fit the login.
func checkMSKAddress(o *object, t *Target, address string) (reported bool) {
	host, port, _ := net.SplitHostPort(address)
	if regionOfHost(host) == "" {
		return false
	}
	number, _ := strconv.Atoi(port)
	at := slices.IndexFunc(mskPorts(), func(p mskPort) bool { return p.number == number })
	mechanism := t.Auth.Mechanism
	switch {
	case ServerlessHost(host) && mechanism != MSKIAM:
		o.fail("bootstrap", "write auth: {mechanism: aws-msk-iam}", "%s is MSK Serverless, which takes %s only, not %s", host, MSKIAM, mechanism)
	case at < 0: // private connectivity has ports of its own
		return false
	case !slices.Contains(mskPorts()[at].mechanisms, mechanism):
		o.fail("bootstrap", fittingPort(mechanism), "port %d of MSK is for %s, and auth.mechanism is %s", number, strings.Join(mskPorts()[at].mechanisms, " or "), mechanism)
	case mskPorts()[at].tls && t.TLS.Off:
		o.fail("tls", "remove tls: off", "port %d of MSK takes TLS only", number)
	case !mskPorts()[at].tls && t.TLS.Set:
		o.fail("tls", "take port 9094, or remove tls", "port %d of MSK takes no TLS", number)
	default:
		return false
	}
	return true
}

// fittingPort is the hint with the ports of MSK for a mechanism.
func fittingPort(mechanism string) string {
	var fitting []string
	for _, p := range mskPorts() {
		if slices.Contains(p.mechanisms, mechanism) {
			fitting = append(fitting, strconv.Itoa(p.number))
		}
	}
	if len(fitting) == 0 {
		return "MSK does not offer " + mechanism
	}
	return mechanism + " has port " + strings.Join(fitting, " or ")
}

func allLoopback(addresses []string) bool {
	return !slices.ContainsFunc(addresses, func(a string) bool {
		host, _, _ := net.SplitHostPort(a)
		ip := net.ParseIP(host)
		return host != "localhost" && (ip == nil || !ip.IsLoopback())
	})
}

// checkRegion reports a region that contradicts the addresses or the ARN.
func checkRegion(o *object, t *Target) {
	if t.AWS.Region == "" || !o.sound("bootstrap", "arn") {
		return
	}
	says := regionOfARN(t.ARN)
	for _, a := range t.Bootstrap {
		if host, _, _ := net.SplitHostPort(a); says == "" {
			says = regionOfHost(host)
		}
	}
	if says != "" && says != t.AWS.Region {
		o.fail("aws", "remove region, which is known", "region is %s, and the cluster is in %s", t.AWS.Region, says)
	}
}
