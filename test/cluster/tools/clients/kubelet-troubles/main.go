// kubelet-troubles plays the kubelet for containers that fare badly: it sets the status that a kubelet would set and
// posts the Events that it would post. Healthy pods are kwok's.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type kubelet struct {
	client   kubernetes.Interface
	nodes    corelisters.NodeLister
	events   record.EventBroadcaster
	troubles map[string]trouble // by image

	mutex     sync.Mutex
	playing   map[types.UID]context.CancelFunc
	recorders map[string]record.EventRecorder // by node
}

func readTroubles(path string) (map[string]trouble, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	result := map[string]trouble{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) != 2 || troubleByName[words[1]] == nil {
			return nil, fmt.Errorf("%s: not an image and a known trouble: %q", path, lines.Text())
		}
		result[words[0]] = troubleByName[words[1]]
	}
	return result, lines.Err()
}

func (k *kubelet) recorder(node string) record.EventRecorder {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	recorder := k.recorders[node]
	if recorder == nil {
		recorder = k.events.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet", Host: node})
		k.recorders[node] = recorder
	}
	return recorder
}

func (k *kubelet) see(ctx context.Context, pod *corev1.Pod) {
	if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		k.forget(pod)
		return
	}
	trouble := k.troubles[pod.Spec.Containers[0].Image]
	if trouble == nil {
		return
	}
	recorder := k.recorder(pod.Spec.NodeName)
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.playing[pod.UID] != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	k.playing[pod.UID] = cancel
	go trouble(&life{ctx: ctx, kubelet: k, recorder: recorder, pod: pod.DeepCopy()})
}

func (k *kubelet) forget(pod *corev1.Pod) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if cancel := k.playing[pod.UID]; cancel != nil {
		cancel()
		delete(k.playing, pod.UID)
	}
}

func run(ctx context.Context, kubeconfig, troublesPath string) error {
	troubles, err := readTroubles(troublesPath)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}

	nodeInformers := informers.NewSharedInformerFactory(client, 0)
	podInformers := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTweakListOptions(
		func(options *metav1.ListOptions) {
			options.FieldSelector = fields.OneTermNotEqualSelector("spec.nodeName", "").String()
		}))
	k := &kubelet{
		client: client, nodes: nodeInformers.Core().V1().Nodes().Lister(), troubles: troubles,
		events:  record.NewBroadcaster(record.WithContext(ctx)),
		playing: map[types.UID]context.CancelFunc{}, recorders: map[string]record.EventRecorder{},
	}
	k.events.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	_, err = podInformers.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { k.see(ctx, object.(*corev1.Pod)) },
		UpdateFunc: func(_, object any) { k.see(ctx, object.(*corev1.Pod)) },
		DeleteFunc: func(object any) {
			if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = last.Obj
			}
			k.forget(object.(*corev1.Pod))
		},
	})
	if err != nil {
		return err
	}
	nodeInformers.Start(ctx.Done())
	nodeInformers.WaitForCacheSync(ctx.Done())
	podInformers.Start(ctx.Done())
	<-ctx.Done()
	return nil
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "path of the kubeconfig")
	troubles := flag.String("troubles", "troubles.txt", "file of images and their troubles")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *troubles); err != nil {
		fmt.Fprintln(os.Stderr, "kubelet-troubles:", err)
		os.Exit(1)
	}
}
