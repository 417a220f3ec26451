// The nouns of the API under the names the screens use. This is the only file
// that reads schema.ts, so regenerating it changes little else. Optional fields
// may be missing or null: compare with `== null`.

import type { components } from './schema'

type Schemas = components['schemas']

export type IncidentSummary = Schemas['IncidentSummary']
export type IncidentList = Schemas['IncidentList']
export type IncidentDetail = Schemas['IncidentFull']
export type TimelineItem = Schemas['TimelineItem']
export type Reason = Schemas['Reason']
export type Vulnerability = Schemas['Vulnerability']
export type VulnerabilityDetail = Schemas['VulnerabilityFull']
export type VulnerabilityChange = Schemas['ChangeView']
export type AlertOut = Schemas['AlertView']
export type SourceOut = Schemas['SourceView']
export type SourceList = Schemas['SourceList']
export type Look = Schemas['Look']
export type LookOut = Schemas['LookView']
export type NewSource = Schemas['NewSource']
export type PreviewOut = Schemas['Preview']
export type SourceRemoval = Schemas['RemovalView']
export type Problem = Schemas['Problem']
export type Completion = Schemas['Completion']
export type Offer = Schemas['Offer']
export type Explanation = Schemas['Explanation']
export type SavedSearch = Schemas['Search']
export type NewSearch = Schemas['NewSearch']

export type Severity = IncidentSummary['severity']
export type IncidentStatus = IncidentSummary['status']
export type ClaimStatus = IncidentSummary['claim']
export type IncidentType = IncidentSummary['types'][number]['label']
export type Sector = IncidentSummary['sectors'][number]['label']
export type EntityKind = IncidentDetail['entities'][number]['kind']
export type Aspect = Reason['aspect']
export type Span = NonNullable<Reason['spans']>[number]
export type Affected = Vulnerability['affected'][number]
export type Score = Vulnerability['scores'][number]
export type DeliveryOut = AlertOut['deliveries'][number]
