package main

import (
	"reflect"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	certificates "k8s.io/api/certificates/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	events "k8s.io/api/events/v1"
	flowcontrol "k8s.io/api/flowcontrol/v1"
	networking "k8s.io/api/networking/v1"
	node "k8s.io/api/node/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

var resources = map[string]any{
	"configmaps":             core.ConfigMap{},
	"endpoints":              core.Endpoints{},
	"events":                 core.Event{},
	"limitranges":            core.LimitRange{},
	"namespaces":             core.Namespace{},
	"nodes":                  core.Node{},
	"persistentvolumeclaims": core.PersistentVolumeClaim{},
	"persistentvolumes":      core.PersistentVolume{},
	"pods":                   core.Pod{},
	"podtemplates":           core.PodTemplate{},
	"replicationcontrollers": core.ReplicationController{},
	"resourcequotas":         core.ResourceQuota{},
	"secrets":                core.Secret{},
	"serviceaccounts":        core.ServiceAccount{},
	"services":               core.Service{},

	"controllerrevisions.apps":             apps.ControllerRevision{},
	"daemonsets.apps":                      apps.DaemonSet{},
	"deployments.apps":                     apps.Deployment{},
	"replicasets.apps":                     apps.ReplicaSet{},
	"statefulsets.apps":                    apps.StatefulSet{},
	"cronjobs.batch":                       batch.CronJob{},
	"jobs.batch":                           batch.Job{},
	"horizontalpodautoscalers.autoscaling": autoscaling.HorizontalPodAutoscaler{},
	"poddisruptionbudgets.policy":          policy.PodDisruptionBudget{},

	"mutatingadmissionpolicies.admissionregistration.k8s.io":         admissionregistration.MutatingAdmissionPolicy{},
	"mutatingadmissionpolicybindings.admissionregistration.k8s.io":   admissionregistration.MutatingAdmissionPolicyBinding{},
	"mutatingwebhookconfigurations.admissionregistration.k8s.io":     admissionregistration.MutatingWebhookConfiguration{},
	"validatingadmissionpolicies.admissionregistration.k8s.io":       admissionregistration.ValidatingAdmissionPolicy{},
	"validatingadmissionpolicybindings.admissionregistration.k8s.io": admissionregistration.ValidatingAdmissionPolicyBinding{},
	"validatingwebhookconfigurations.admissionregistration.k8s.io":   admissionregistration.ValidatingWebhookConfiguration{},
	"apiservices.apiregistration.k8s.io":                             apiregistration.APIService{},
	"customresourcedefinitions.apiextensions.k8s.io":                 apiextensions.CustomResourceDefinition{},
	"certificatesigningrequests.certificates.k8s.io":                 certificates.CertificateSigningRequest{},
	"leases.coordination.k8s.io":                                     coordination.Lease{},
	"endpointslices.discovery.k8s.io":                                discovery.EndpointSlice{},
	"events.events.k8s.io":                                           events.Event{},
	"flowschemas.flowcontrol.apiserver.k8s.io":                       flowcontrol.FlowSchema{},
	"prioritylevelconfigurations.flowcontrol.apiserver.k8s.io":       flowcontrol.PriorityLevelConfiguration{},
	"ingressclasses.networking.k8s.io":                               networking.IngressClass{},
	"ingresses.networking.k8s.io":                                    networking.Ingress{},
	"ipaddresses.networking.k8s.io":                                  networking.IPAddress{},
	"networkpolicies.networking.k8s.io":                              networking.NetworkPolicy{},
	"servicecidrs.networking.k8s.io":                                 networking.ServiceCIDR{},
	"runtimeclasses.node.k8s.io":                                     node.RuntimeClass{},
	"clusterrolebindings.rbac.authorization.k8s.io":                  rbac.ClusterRoleBinding{},
	"clusterroles.rbac.authorization.k8s.io":                         rbac.ClusterRole{},
	"rolebindings.rbac.authorization.k8s.io":                         rbac.RoleBinding{},
	"roles.rbac.authorization.k8s.io":                                rbac.Role{},
	"priorityclasses.scheduling.k8s.io":                              scheduling.PriorityClass{},
	"csidrivers.storage.k8s.io":                                      storage.CSIDriver{},
	"csinodes.storage.k8s.io":                                        storage.CSINode{},
	"csistoragecapacities.storage.k8s.io":                            storage.CSIStorageCapacity{},
	"storageclasses.storage.k8s.io":                                  storage.StorageClass{},
	"volumeattachments.storage.k8s.io":                               storage.VolumeAttachment{},
	"volumeattributesclasses.storage.k8s.io":                         storage.VolumeAttributesClass{},
}

// What writes its own JSON as a text. Whatever else does so may be of any type.
var specialTypes = map[reflect.Type]string{
	reflect.TypeFor[meta.Time]():         "string",
	reflect.TypeFor[meta.MicroTime]():    "string",
	reflect.TypeFor[meta.Duration]():     "string",
	reflect.TypeFor[resource.Quantity](): "string",
}
