// informers is the peer that the memory and CPU figures are held against: client-go's shared informers on pods, nodes,
// Events and Deployments, as most Kubernetes programs in Go use them. It prints one JSON line once it has synced, one
// more for each SIGUSR1, and runs until SIGTERM.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

// statusKB reads a size in kB from /proc/self/status.
func statusKB(field string) int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, field+":"); found {
			size, _ := strconv.Atoi(strings.Fields(rest)[0])
			return size
		}
	}
	return 0
}

func run(ctx context.Context, kubeconfig string, json bool) error {
	start := time.Now()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	encoding := "json"
	if !json {
		encoding = "protobuf"
		config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
		config.ContentType = "application/vnd.kubernetes.protobuf"
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	watched := []struct {
		name     string
		informer cache.SharedIndexInformer
	}{
		{"pods", factory.Core().V1().Pods().Informer()},
		{"nodes", factory.Core().V1().Nodes().Informer()},
		{"events", factory.Core().V1().Events().Informer()},
		{"deployments", factory.Apps().V1().Deployments().Informer()},
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("%v not synced", kind)
		}
	}
	synced := time.Since(start).Seconds()

	report := func() {
		fmt.Printf(`{"program":"client-go informers","encoding":%q`, encoding)
		for _, kind := range watched {
			fmt.Printf(`,%q:%d`, kind.name, len(kind.informer.GetStore().ListKeys()))
		}
		fmt.Printf(`,"wall_seconds":%.3f,"cpu_seconds":%.3f,"rss_kb":%d,"peak_rss_kb":%d}`+"\n",
			synced, cpuSeconds(), statusKB("VmRSS"), statusKB("VmHWM"))
	}
	report()
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGUSR1)
	for {
		select {
		case <-again:
			report()
		case <-ctx.Done():
			return nil
		}
	}
}

func main() {
	kubeconfig := flag.String("kubeconfig", os.Getenv("KUBECONFIG"), "path of the kubeconfig")
	json := flag.Bool("json", false, "ask for JSON")
	protobuf := flag.Bool("protobuf", true, "ask for protobuf (the default; --json wins)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *json || !*protobuf); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "informers:", err)
		os.Exit(1)
	}
}
