// compact drops every revision of etcd but the newest, so that a watch which resumes from an older one gets 410.
// With --check it only tells whether etcd answers.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

func run(endpoint string, check bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Context: ctx})
	if err != nil {
		return err
	}
	defer client.Close()
	newest, err := client.Get(ctx, "compact_rev_key")
	if err != nil {
		return err
	}
	if check {
		return nil
	}
	revision := newest.Header.Revision
	if _, err := client.Compact(ctx, revision, clientv3.WithCompactPhysical()); err != nil && err != rpctypes.ErrCompacted {
		return err
	}
	fmt.Println(revision)
	return nil
}

func main() {
	endpoint := flag.String("endpoint", "http://127.0.0.1:2379", "etcd client address")
	check := flag.Bool("check", false, "compact nothing")
	flag.Parse()
	if err := run(*endpoint, *check); err != nil {
		fmt.Fprintln(os.Stderr, "compact:", err)
		os.Exit(1)
	}
}
