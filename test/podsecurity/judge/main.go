// Writes Pods and, beside each, what the checks of Kubernetes' own Pod Security Admission say about it: a JSON object a
// line, {"pod": …, "failed": ["privileged", …]}. The Pods are made at random from a seed, and those of the module's own
// test data come first. The last line counts them.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

type line struct {
	Pod    corev1.Pod `json:"pod"`
	Failed []string   `json:"failed"`
}

// newest is how a check is at the version "latest".
func newest(check policy.Check) policy.CheckPodFn {
	return check.Versions[len(check.Versions)-1].CheckPod
}

func judge(pod *corev1.Pod) line {
	judged := line{Pod: *pod, Failed: []string{}}
	for _, check := range policy.DefaultChecks() {
		if !newest(check)(&pod.ObjectMeta, &pod.Spec).Allowed {
			judged.Failed = append(judged.Failed, string(check.ID))
		}
	}
	return judged
}

func testData(directory string) ([]corev1.Pod, error) {
	var pods []corev1.Pod
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var pod corev1.Pod
		if err := yaml.Unmarshal(text, &pod); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		pods = append(pods, pod)
		return nil
	})
	return pods, err
}

func run() error {
	data := flag.String("data", "", "directory with Pods as YAML")
	seed := flag.Int64("seed", 1, "of the first Pod")
	count := flag.Int64("count", 20000, "how many Pods are made")
	flag.Parse()
	out := json.NewEncoder(os.Stdout)
	if *data != "" {
		pods, err := testData(*data)
		if err != nil {
			return err
		}
		for i := range pods {
			if err := out.Encode(judge(&pods[i])); err != nil {
				return err
			}
		}
	}
	for i := int64(0); i < *count; i++ {
		pod := generator{rand.New(rand.NewSource(*seed + i))}.pod()
		if err := out.Encode(judge(&pod)); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
