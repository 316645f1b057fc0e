{{/* What several templates share: names, labels, settings, environment, and how every pod is held. */}}

{{- define "loops.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "loops.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "loops.name" .) .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "loops.name" .) | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "loops.selector" -}}
app.kubernetes.io/name: {{ include "loops.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "loops.labels" -}}
{{ include "loops.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "loops.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}

{{/* The host of PUBLIC_URL, without its port. */}}
{{- define "loops.host" -}}
{{- $url := required "Set config.PUBLIC_URL to the address that people and clients use, such as https://loops.example.com." .Values.config.PUBLIC_URL -}}
{{ (urlParse $url).hostname }}
{{- end }}

{{/* All settings as text. Behind an Ingress or a route there is one proxy, unless the settings say otherwise. */}}
{{- define "loops.settings" -}}
{{- $_ := include "loops.host" . -}}
{{- $given := deepCopy .Values.config -}}
{{- if and (or .Values.ingress.enabled .Values.httpRoute.enabled) (not (hasKey $given "TRUSTED_PROXIES")) -}}
{{- $_ := set $given "TRUSTED_PROXIES" "1" -}}
{{- end -}}
{{- range $name, $value := $given }}
{{ $name }}: {{ ternary (toString (int64 $value)) (toString $value) (kindIs "float64" $value) | quote }}
{{- end }}
{{- end }}

{{/*
The environment of one container: its settings, its secrets by name, and what the values add.
Takes root, gets (a part of files/services.yaml), secret (the name of its Secret), secretKeys, extraEnv.
*/}}
{{- define "loops.environment" -}}
{{- $gets := .gets -}}
{{- range $name, $value := include "loops.settings" .root | fromYaml }}
{{- if or (has "all" $gets.config) (has $name $gets.config) }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- $secret := .secret }}
{{- $elsewhere := .secretKeys }}
{{- $optional := default list (get $gets "optional") }}
{{- range $name := concat $gets.secrets $optional }}
{{- $ref := default dict (get $elsewhere $name) }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ default $secret (get $ref "name") | quote }}
      key: {{ default $name (get $ref "key") | quote }}
      {{- if has $name $optional }}
      optional: true
      {{- end }}
{{- end }}
{{- with concat .root.Values.extraEnv .extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The name of the Secret of a part: the one that the values name, or one with the name of the part. */}}
{{- define "loops.secret" -}}
{{ default (printf "%s-%s" (include "loops.fullname" .root) .component) .values.existingSecret }}
{{- end }}

{{/* What the specification of every pod begins with. */}}
{{- define "loops.pod" -}}
{{- with .Values.serviceAccountName }}
serviceAccountName: {{ . | quote }}
{{- end }}
automountServiceAccountToken: false
# Kubernetes would add a variable for each Service of the namespace.
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.extraVolumes }}
volumes:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What every container has in common: the image, no rights, and a file system that it can only read. */}}
{{- define "loops.container" -}}
image: {{ include "loops.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- with .Values.extraVolumeMounts }}
volumeMounts:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Takes a path and the name of a port. */}}
{{- define "loops.probe" -}}
httpGet:
  path: {{ .path }}
  port: {{ .port }}
{{- end }}
