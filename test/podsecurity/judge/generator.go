package main

import (
	"math/rand"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// generator makes Pods whose fields are often at the border of what a standard allows. Not all would pass validation:
// the checks do not rely on that.
type generator struct{ random *rand.Rand }

func (g generator) one(of int) bool { return g.random.Intn(of) == 0 }

func pick[T any](g generator, values ...T) T { return values[g.random.Intn(len(values))] }

// some is nil half of the time.
func some[T any](g generator, values ...T) *T {
	if g.one(2) {
		return nil
	}
	value := pick(g, values...)
	return &value
}

func (g generator) capabilities() []corev1.Capability {
	var list []corev1.Capability
	for g.one(2) {
		list = append(list, pick[corev1.Capability](g, "ALL", "all", "CHOWN", "NET_BIND_SERVICE", "NET_RAW", "SYS_ADMIN",
			"SETPCAP", "CAP_CHOWN", "MKNOD", "AUDIT_WRITE", "SYS_CHROOT", ""))
	}
	return list
}

func (g generator) seccomp() *corev1.SeccompProfile {
	if g.one(2) {
		return nil
	}
	return &corev1.SeccompProfile{Type: pick(g, corev1.SeccompProfileTypeUnconfined,
		corev1.SeccompProfileTypeRuntimeDefault, corev1.SeccompProfileTypeLocalhost, "")}
}

func (g generator) appArmor() *corev1.AppArmorProfile {
	if g.one(2) {
		return nil
	}
	return &corev1.AppArmorProfile{Type: pick(g, corev1.AppArmorProfileTypeUnconfined,
		corev1.AppArmorProfileTypeRuntimeDefault, corev1.AppArmorProfileTypeLocalhost, "")}
}

func (g generator) seLinux() *corev1.SELinuxOptions {
	if g.one(2) {
		return nil
	}
	return &corev1.SELinuxOptions{
		Type:  pick(g, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t"),
		User:  pick(g, "", "", "", "system_u"),
		Role:  pick(g, "", "", "", "object_r"),
		Level: pick(g, "", "s0"),
	}
}

func (g generator) windows() *corev1.WindowsSecurityContextOptions {
	if !g.one(4) {
		return nil
	}
	return &corev1.WindowsSecurityContextOptions{HostProcess: some(g, true, false)}
}

func (g generator) containerContext() *corev1.SecurityContext {
	if g.one(4) {
		return nil
	}
	context := &corev1.SecurityContext{
		Privileged:               some(g, false, false, true),
		AllowPrivilegeEscalation: some(g, false, false, true),
		RunAsNonRoot:             some(g, true, true, false),
		RunAsUser:                some[int64](g, 0, 1, 1000),
		ProcMount:                some(g, corev1.DefaultProcMount, corev1.UnmaskedProcMount, ""),
		SeccompProfile:           g.seccomp(),
		AppArmorProfile:          g.appArmor(),
		SELinuxOptions:           g.seLinux(),
		WindowsOptions:           g.windows(),
	}
	if !g.one(3) {
		context.Capabilities = &corev1.Capabilities{Add: g.capabilities(), Drop: g.capabilities()}
	}
	return context
}

func (g generator) podContext() *corev1.PodSecurityContext {
	if g.one(4) {
		return nil
	}
	context := &corev1.PodSecurityContext{
		RunAsNonRoot:    some(g, true, true, false),
		RunAsUser:       some[int64](g, 0, 1, 1000),
		SeccompProfile:  g.seccomp(),
		AppArmorProfile: g.appArmor(),
		SELinuxOptions:  g.seLinux(),
		WindowsOptions:  g.windows(),
	}
	for g.one(3) {
		context.Sysctls = append(context.Sysctls, corev1.Sysctl{Value: "1", Name: pick(g, "kernel.shm_rmid_forced",
			"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.tcp_fin_timeout", "kernel.msgmax", "net.core.somaxconn",
			"net.ipv4.ip_local_reserved_ports", "net/ipv4/tcp_syncookies", "")})
	}
	return context
}

func (g generator) host() string { return pick(g, "", "", "127.0.0.1", "metadata") }

func (g generator) probe() *corev1.Probe {
	if !g.one(4) {
		return nil
	}
	probe := &corev1.Probe{}
	if g.one(2) {
		probe.HTTPGet = &corev1.HTTPGetAction{Host: g.host(), Port: intstr.FromInt32(80)}
	}
	if g.one(2) {
		probe.TCPSocket = &corev1.TCPSocketAction{Host: g.host(), Port: intstr.FromInt32(80)}
	}
	return probe
}

func (g generator) hook() *corev1.LifecycleHandler {
	probe := g.probe()
	if probe == nil {
		return nil
	}
	return &corev1.LifecycleHandler{HTTPGet: probe.HTTPGet, TCPSocket: probe.TCPSocket}
}

func (g generator) container(name string) corev1.Container {
	container := corev1.Container{Name: name, Image: "image", SecurityContext: g.containerContext(),
		LivenessProbe: g.probe(), ReadinessProbe: g.probe(), StartupProbe: g.probe()}
	if g.one(3) {
		container.Lifecycle = &corev1.Lifecycle{PostStart: g.hook(), PreStop: g.hook()}
	}
	for g.one(3) {
		container.Ports = append(container.Ports, corev1.ContainerPort{ContainerPort: 80, HostPort: pick[int32](g, 0, 0, 8080)})
	}
	return container
}

func (g generator) volume() corev1.Volume {
	sources := []corev1.VolumeSource{
		{}, {HostPath: &corev1.HostPathVolumeSource{}}, {HostPath: &corev1.HostPathVolumeSource{Path: "/etc"}},
		{EmptyDir: &corev1.EmptyDirVolumeSource{}}, {ConfigMap: &corev1.ConfigMapVolumeSource{}},
		{Secret: &corev1.SecretVolumeSource{}}, {CSI: &corev1.CSIVolumeSource{}}, {NFS: &corev1.NFSVolumeSource{}},
		{DownwardAPI: &corev1.DownwardAPIVolumeSource{}}, {Ephemeral: &corev1.EphemeralVolumeSource{}},
		{Image: &corev1.ImageVolumeSource{}}, {PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{}},
		{Projected: &corev1.ProjectedVolumeSource{}}, {GitRepo: &corev1.GitRepoVolumeSource{}},
		{ISCSI: &corev1.ISCSIVolumeSource{}}, {RBD: &corev1.RBDVolumeSource{}}, {FC: &corev1.FCVolumeSource{}},
		{Glusterfs: &corev1.GlusterfsVolumeSource{}}, {CephFS: &corev1.CephFSVolumeSource{}},
		{AzureFile: &corev1.AzureFileVolumeSource{}}, {FlexVolume: &corev1.FlexVolumeSource{}},
		{HostPath: &corev1.HostPathVolumeSource{}, EmptyDir: &corev1.EmptyDirVolumeSource{}},
	}
	return corev1.Volume{Name: "volume", VolumeSource: pick(g, sources...)}
}

func (g generator) annotations() map[string]string {
	annotations := map[string]string{}
	for g.one(3) {
		key := pick(g, "container.apparmor.security.beta.kubernetes.io/web", "container.apparmor.security.beta.kubernetes.io/",
			"apparmor.security.beta.kubernetes.io/web", "other")
		annotations[key] = pick(g, "", "runtime/default", "localhost/web", "localhost/", "unconfined", "docker/default")
	}
	return annotations
}

func (g generator) pod() corev1.Pod {
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop", Annotations: g.annotations()}}
	spec := &pod.Spec
	spec.SecurityContext = g.podContext()
	spec.HostNetwork, spec.HostPID, spec.HostIPC = g.one(8), g.one(8), g.one(8)
	spec.HostUsers = some(g, true, true, false)
	if g.one(4) {
		spec.OS = &corev1.PodOS{Name: pick(g, corev1.Linux, corev1.Windows, "")}
	}
	for ok := true; ok; ok = g.one(3) {
		spec.Containers = append(spec.Containers, g.container("web"))
	}
	for g.one(4) {
		spec.InitContainers = append(spec.InitContainers, g.container("setup"))
	}
	for g.one(6) {
		spec.EphemeralContainers = append(spec.EphemeralContainers, corev1.EphemeralContainer{
			EphemeralContainerCommon: corev1.EphemeralContainerCommon(g.container("debug"))})
	}
	for g.one(2) {
		spec.Volumes = append(spec.Volumes, g.volume())
	}
	return pod
}
