// CoreDNS with the plugins that a cluster's DNS needs, and without those of the clouds.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/template"
)

// A query passes the plugins in this order.
func init() {
	dnsserver.Directives = []string{
		"health", "ready", "errors", "cache", "loadbalance", "template", "kubernetes",
	}
}

func main() { coremain.Run() }
