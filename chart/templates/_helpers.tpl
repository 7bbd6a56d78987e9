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
{{- if or .Values.rules .Values.existingRulesConfigMap -}}
{{- $rules := default dict (get $config "rules") -}}
{{- $_ := set $rules "directories" (list "/etc/klaw-rules") -}}
{{- $_ := set $config "rules" $rules -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* The names of the parts of files/rbac.yaml that are granted, as a JSON list. */}}
{{- define "klaw.rbac.parts" -}}
{{- $rank := dict "readonly" 1 "operator" 2 "full" 3 "none" 4 -}}
{{- $wanted := get $rank .Values.rbac.profile -}}
{{- $names := list -}}
{{- range $name, $part := .Files.Get "files/rbac.yaml" | fromYaml -}}
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
