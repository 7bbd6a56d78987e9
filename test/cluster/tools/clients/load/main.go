// load fills a cluster with nodes, pods and Events, or makes Warning Events at a fixed rate.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const usage = `usage: load COMMAND [FLAG…]
  nodes  --count 100                         kwok nodes load-0…, 200 pods each
  pods   --count 10000 --deployments 22      real Deployments; waits until every pod is Running
  pods   --count 50000 --bare                written with the status of running ones; needs no other component
  updates --count 50000 --rate 500 --seconds 60
                                             restarts of the bare pods, one after the other
  events --count 10000                       about the pods that exist
  events --rate 500 --seconds 20             Warning Events about distinct objects, with the time of creation in
                                             nanoseconds in annotation klaw.test/created-ns and in the message;
                                             --answers FILE: a line "created answered" for each
  clear                                      deletes everything that load made
Every command takes --kubeconfig (default: $KUBECONFIG), --concurrency and --protobuf (default true).
`

type command struct {
	flags       *flag.FlagSet
	kubeconfig  *string
	concurrency *int
	protobuf    *bool
	client      kubernetes.Interface
}

func newCommand(name string) *command {
	flags := flag.NewFlagSet(name, flag.ExitOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	return &command{
		flags:       flags,
		kubeconfig:  flags.String("kubeconfig", os.Getenv("KUBECONFIG"), ""),
		concurrency: flags.Int("concurrency", 64, ""),
		protobuf:    flags.Bool("protobuf", true, ""),
	}
}

func (c *command) connect(arguments []string) error {
	if err := c.flags.Parse(arguments); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", *c.kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	config.UserAgent = "klaw-test-load"
	if *c.protobuf {
		config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
		config.ContentType = "application/vnd.kubernetes.protobuf"
	}
	config.WarningHandler = rest.NoWarnings{}
	c.client, err = kubernetes.NewForConfig(config)
	return err
}

// each runs the work for 0…count-1 on a number of goroutines and returns the first error.
func (c *command) each(ctx context.Context, count int, work func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(*c.concurrency, count) {
		workers.Go(func() {
			for i := int(next.Add(1) - 1); i < count && ctx.Err() == nil; i = int(next.Add(1) - 1) {
				if err := work(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

func main() {
	commands := map[string]func(context.Context, []string) error{
		"nodes": makeNodes, "pods": makePods, "events": makeEvents, "updates": makeUpdates,
		"clear": clearAll,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := commands[os.Args[1]](ctx, os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "load:", strings.TrimSpace(err.Error()))
		os.Exit(1)
	}
}
