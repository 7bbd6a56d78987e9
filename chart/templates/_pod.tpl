{{/* What the StatefulSet and the Deployment run. */}}
{{- define "klaw.pod" -}}
{{- $name := include "klaw.fullname" . }}
{{- $secrets := concat .Values.secrets.existing (ternary (list $name) list (not (empty .Values.secrets.create))) }}
{{- $rules := default (ternary (printf "%s-rules" $name) "" (not (empty .Values.rules))) .Values.existingRulesConfigMap }}
{{- $database := .Values.storage.postgresql.existingSecret }}
{{- $share := .Values.leadership.share.existingSecret -}}
metadata:
  labels:
    {{- include "klaw.selector" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: klaw
    checksum/config: {{ printf "%s%s" (include "klaw.config" .) (toYaml .Values.rules) | sha256sum }}
    checksum/secrets: {{ toYaml .Values.secrets.create | sha256sum }}
    {{- if eq .Values.monitoring.scrape "annotations" }}
    prometheus.io/scrape: "true"
    prometheus.io/port: "8917"
    prometheus.io/path: /metrics
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "klaw.serviceAccount" . }}
  automountServiceAccountToken: true
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: {{ .Values.runAs.user }}
    runAsGroup: {{ .Values.runAs.group }}
    fsGroup: {{ .Values.runAs.fsGroup }}
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: klaw
      image: {{ include "klaw.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [agent, --config, /etc/klaw/klaw.yaml]
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      {{- if or .Values.env (include "klaw.leadership" .) }}
      env:
        {{- if include "klaw.leadership" . }}
        - {name: KLAW_POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        {{- end }}
        {{- if $share }}
        - {name: KLAW_POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: KLAW_POD_ADDRESS, value: "http://$(KLAW_POD_IP):8917"}
        {{- end }}
        {{- with .Values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      {{- with .Values.secrets.environment }}
      envFrom:
        {{- range . }}
        - secretRef: {name: {{ . }}}
        {{- end }}
      {{- end }}
      ports:
        - {name: http, containerPort: 8917}
      startupProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 5
        timeoutSeconds: 5
      resources: {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - {name: data, mountPath: /var/lib/klaw}
        - {name: tmp, mountPath: /tmp}
        - {name: config, mountPath: /etc/klaw, readOnly: true}
        {{- if $rules }}
        - {name: rules, mountPath: /etc/klaw-rules, readOnly: true}
        {{- end }}
        {{- if $secrets }}
        - {name: secrets, mountPath: /etc/klaw-secrets, readOnly: true}
        {{- end }}
        {{- if $database }}
        - {name: database, mountPath: /etc/klaw-database, readOnly: true}
        {{- end }}
        {{- if $share }}
        - {name: share, mountPath: /etc/klaw-share, readOnly: true}
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: data
      {{- if and .Values.persistence.enabled (not $database) }}
      persistentVolumeClaim: {claimName: {{ include "klaw.claim" . }}}
      {{- else }}
      emptyDir: {}
      {{- end }}
    - name: tmp
      emptyDir: {sizeLimit: 64Mi}
    - name: config
      configMap: {name: {{ default $name .Values.existingConfigMap }}}
    {{- if $rules }}
    - name: rules
      configMap: {name: {{ $rules }}}
    {{- end }}
    {{- if $secrets }}
    - name: secrets
      projected:
        defaultMode: 0440
        sources:
          {{- range $secrets }}
          - secret: {name: {{ . }}}
          {{- end }}
    {{- end }}
    {{- if $database }}
    - name: database
      secret: {secretName: {{ $database }}, defaultMode: 0440}
    {{- end }}
    {{- if $share }}
    - name: share
      secret: {secretName: {{ $share }}, defaultMode: 0440}
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "klaw.affinity" . | fromYaml }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "klaw.topologySpread" . | fromYamlArray }}
  topologySpreadConstraints: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
