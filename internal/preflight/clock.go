package preflight

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// mostSkew is the difference of clocks that is worth a warning: with more, ages and
// retention are off.
const mostSkew = time.Second

// clocks tells how far the broker's clock is from this machine's: it stamped the record
// at some moment between the sending and the acknowledgement, in whole milliseconds.
func (l *look) clocks(r *kgo.Record, began, acked time.Time) {
	if r.Attrs.TimestampType() != 1 {
		l.unknown("clock", "not told: the cluster does not stamp records with its own time")
		return
	}
	earliest, latest := r.Timestamp.Sub(acked), r.Timestamp.Add(time.Millisecond).Sub(began)
	ahead, within := (earliest+latest)/2, (latest-earliest)/2
	row := Row{Check: "clock", State: OK, Found: fmt.Sprintf("the broker's is %s ahead of this machine's, ±%s", brief(ahead), brief(within))}
	if ahead < 0 {
		row.Found = fmt.Sprintf("the broker's is %s behind this machine's, ±%s", brief(-ahead), brief(within))
	}
	if max(earliest, -latest) > mostSkew {
		row.State, row.Fix = Warning, "let a time service such as chrony set this machine's clock"
	}
	l.add(row)
}

// mostTokenSkew is by how much a clock may be wrong for AWS to take what it signs.
const mostTokenSkew = 5 * time.Minute

// awsClock tells how far this machine's clock is from AWS's, after a login was refused
// whose token has the time in it: brokers do not say why they refuse one.
func (l *look) awsClock(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
	defer cancel()
	now := time.Now()
	theirs, err := l.askTime(ctx)
	if err != nil {
		l.unknown("clock", "not told: %v", err)
		return
	}
	ahead := now.Sub(theirs).Round(time.Second)
	where := "ahead of"
	if ahead < 0 {
		where = "behind"
	}
	if ahead.Abs() < mostTokenSkew {
		l.ok("clock", "agrees with AWS's within %s", max(ahead.Abs(), time.Second))
		return
	}
	l.failed("clock", fmt.Errorf("this machine's clock is %s %s AWS's, which takes no token that is dated so", ahead.Abs(), where),
		"let a time service such as chrony set it")
}

// askTime reads the time of AWS's token service, to the second. It takes no credentials.
func (l *look) askTime(ctx context.Context) (time.Time, error) {
	url := l.Target.AWS.STSEndpoint
	if url == "" {
		url = "https://sts." + l.Access.Region + ".amazonaws.com"
		if strings.HasPrefix(l.Access.Region, "cn-") {
			url += ".cn"
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return time.Time{}, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return time.Time{}, err
	}
	defer answer.Body.Close()
	return http.ParseTime(answer.Header.Get("Date"))
}
