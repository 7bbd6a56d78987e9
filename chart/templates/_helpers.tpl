{{- define "klaw.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "klaw.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "klaw.labels" -}}
{{ include "klaw.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "klaw.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "klaw.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "klaw.claim" -}}
{{- default (printf "%s-data" (include "klaw.fullname" .)) .Values.persistence.existingClaim -}}
{{- end -}}

{{- define "klaw.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The configuration: what the chart decides stands over what is given. */}}
{{- define "klaw.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $_ := set $config "data" "/var/lib/klaw" -}}
{{- $_ := set $config "listen" "0.0.0.0:8917" -}}
{{- with .Values.storage.postgresql -}}
{{- if .existingSecret -}}
{{- $_ := set $config "storage" (dict "postgres" (dict "url_file" (printf "/etc/klaw-database/%s" .key))) -}}
{{- end -}}
{{- end -}}
{{- if include "klaw.leadership" . -}}
{{- $leadership := pick .Values.leadership "duration" "renew" "retry" -}}
{{- $_ := set $leadership "lease" (printf "%s/%s" .Release.Namespace (include "klaw.lease" .)) -}}
{{- $_ := set $leadership "identity_env" "KLAW_POD_NAME" -}}
{{- with .Values.leadership.cluster -}}{{- $_ := set $leadership "cluster" . -}}{{- end -}}
{{- with .Values.leadership.share -}}
{{- if .existingSecret -}}
{{- $_ := set $leadership "share" (dict "address_env" "KLAW_POD_ADDRESS" "token_file" (printf "/etc/klaw-share/%s" .key)) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $config "leadership" $leadership -}}
{{- end -}}
{{- if or .Values.rules .Values.existingRulesConfigMap -}}
{{- $rules := default dict (get $config "rules") -}}
{{- $_ := set $rules "directories" (list "/etc/klaw-rules") -}}
{{- $_ := set $config "rules" $rules -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* Not empty where Pods choose one that leads. */}}
{{- define "klaw.leadership" -}}
{{- $switch := .Values.leadership.enabled -}}
{{- if ternary $switch (gt (int .Values.replicas) 1) (kindIs "bool" $switch) -}}true{{- end -}}
{{- end -}}

{{- define "klaw.lease" -}}
{{- default (include "klaw.fullname" .) .Values.leadership.lease -}}
{{- end -}}

{{/* Not empty where the Pod that this upgrade replaces does not know of replicas: it and they must not run at once. What only
renders the chart cannot see it. */}}
{{- define "klaw.wasAlone" -}}
{{- if .Release.IsUpgrade -}}
{{- $before := lookup "v1" "ConfigMap" .Release.Namespace (include "klaw.fullname" .) -}}
{{- if $before -}}
{{- if not (regexMatch "(?m)^leadership:" (index $before.data "klaw.yaml")) -}}true{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses replicas that cannot share what they must. */}}
{{- define "klaw.checkReplicas" -}}
{{- if and .Values.leadership.share.existingSecret (not (include "klaw.leadership" .)) -}}
{{- fail "leadership.share is for replicas: set replicas to 2 or more, or leadership.enabled to true" -}}
{{- end -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- if not (include "klaw.leadership" .) -}}
{{- fail "leadership.enabled is false: several replicas need one that leads" -}}
{{- end -}}
{{- if not .Values.storage.postgresql.existingSecret -}}
{{- if not (and .Values.persistence.enabled .Values.persistence.oneNode) -}}
{{- fail "replicas share one database: name the Secret of a PostgreSQL database in storage.postgresql.existingSecret, or keep all of them on one node with one volume by persistence.oneNode (which does not help when that node is lost)" -}}
{{- end -}}
{{- if has "ReadWriteOncePod" .Values.persistence.accessModes -}}
{{- fail "persistence.accessModes: a volume of ReadWriteOncePod is for one replica" -}}
{{- end -}}
{{- if include "klaw.wasAlone" . -}}
{{- fail "the Pod that runs does not know of replicas: upgrade with leadership.enabled=true and replicas=1 first" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A file as database is shared by processes of one machine. */}}
{{- define "klaw.affinity" -}}
{{- $affinity := deepCopy .Values.affinity -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.storage.postgresql.existingSecret) -}}
{{- $same := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (include "klaw.selector" . | fromYaml)) -}}
{{- $pods := default dict (get $affinity "podAffinity") -}}
{{- $required := default list (get $pods "requiredDuringSchedulingIgnoredDuringExecution") -}}
{{- $_ := set $pods "requiredDuringSchedulingIgnoredDuringExecution" (append $required $same) -}}
{{- $_ := set $affinity "podAffinity" $pods -}}
{{- end -}}
{{- toYaml $affinity -}}
{{- end -}}

{{/* Replicas that share a server are kept apart, where there is room. */}}
{{- define "klaw.topologySpread" -}}
{{- $given := .Values.topologySpreadConstraints -}}
{{- if kindIs "slice" $given -}}
{{- toYaml $given -}}
{{- else if and (gt (int .Values.replicas) 1) .Values.storage.postgresql.existingSecret -}}
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels: {{- include "klaw.selector" $ | nindent 6 }}
{{- end -}}
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{/* What has the Pods, as kubectl names it. */}}
{{- define "klaw.workload" -}}
{{- ternary "deployment" "statefulset" (not (empty .Values.storage.postgresql.existingSecret)) -}}/{{- include "klaw.fullname" . -}}
{{- end -}}

{{/* The names of the parts of files/rbac.yaml that are granted, as a JSON list. */}}
{{- define "klaw.rbac.parts" -}}
{{- $rank := dict "readonly" 1 "operator" 2 "full" 3 "none" 4 -}}
{{- $wanted := get $rank .Values.rbac.profile -}}
{{- $names := list -}}
{{- range $name, $part := omit (.Files.Get "files/rbac.yaml" | fromYaml) "leadership" -}}
{{- $switches := ternary $.Values.rbac.verbs $.Values.rbac.reads $part.changes -}}
{{- $switch := get $switches $name -}}
{{- $granted := le (get $rank $part.profile | int) ($wanted | int) -}}
{{- if kindIs "bool" $switch -}}{{- $granted = $switch -}}{{- end -}}
{{- if $granted -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
{{- $names | toJson -}}
{{- end -}}

{{/* Of a list of rules the same with each resource once and all its verbs, as `klaw access rbac` prints it. */}}
{{- define "klaw.rbac.rules" -}}
{{- $order := list "get" "list" "watch" "create" "update" "patch" "delete" "impersonate" -}}
{{- $verbs := dict -}}
{{- range $rule := .rules -}}
{{- range $resource := $rule.resources -}}
{{- $key := printf "%s %s" (first $rule.apiGroups) $resource -}}
{{- $_ := set $verbs $key (concat (default list (get $verbs $key)) $rule.verbs | uniq) -}}
{{- end -}}
{{- end -}}
{{- $lines := list -}}
{{- $resources := dict -}}
{{- range $key := keys $verbs | sortAlpha -}}
{{- $group := first (splitList " " $key) -}}
{{- $has := get $verbs $key -}}
{{- $sorted := list -}}
{{- range $verb := $order -}}{{- if has $verb $has -}}{{- $sorted = append $sorted $verb -}}{{- end -}}{{- end -}}
{{- $line := printf "%s %s" $group (join "," $sorted) -}}
{{- if not (has $line $lines) -}}{{- $lines = append $lines $line -}}{{- end -}}
{{- $_ := set $resources $line (append (default list (get $resources $line)) (last (splitList " " $key))) -}}
{{- end -}}
{{- range $line := $lines }}
- apiGroups: [{{ first (splitList " " $line) | quote }}]
  resources: [{{ range $index, $resource := get $resources $line }}{{ if $index }}, {{ end }}{{ $resource | quote }}{{ end }}]
  verbs: [{{ last (splitList " " $line) | replace "," ", " }}]
{{- end -}}
{{- end -}}
