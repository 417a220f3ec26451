// The words people read for tasks, versions and measures.

import type { ModelDecision, Task } from '../../api/types'

/** The version of the model that is part of the program. */
export const SHIPPED = 'shipped'

/** What a model decides, as a clause. */
export const taskWords: Record<Task, string> = {
  relevance: 'whether an item matters',
  types: 'which kinds of event an item tells of',
  severity: 'how grave an event is',
  flaw: 'how severe a flaw is, from its description',
  stories: 'which items tell one story',
  names: 'which names stand in a text',
}

export const versionWord = (version: string) =>
  version === SHIPPED ? 'the shipped model' : `model ${version}`

export const stepWords: Record<ModelDecision['step'], string> = {
  trained: 'Trained on feedback',
  activated: 'Chosen',
  rolled_back: 'Rolled back',
}

/** Who asked for it. */
export const askerWords = (by: string) =>
  ({ api: 'on the dashboard or the API', command: 'by command', service: 'by itself' })[by] ?? by

const measureWords: Record<string, string> = {
  auc: 'Ranking (AUC)',
  band_accuracy: 'Right band',
  band_macro_f1: 'Macro F1, of bands',
  b_cubed_f1_left_out: 'B-cubed F1, on stories left out',
  calibration_error: 'Calibration error',
  held_back_error: 'Wrong, on feedback held back',
  held_back_log_loss: 'Log loss, on feedback held back',
  lines_macro_f1: 'Macro F1, on single lines',
  lines_micro_f1: 'Micro F1, on single lines',
  news_macro_f1: 'Macro F1, on news',
  news_micro_f1: 'Micro F1, on news',
  score_error: 'Distance of the score, 0 to 10',
  rejected_at_recall_95: 'Set aside while 95 % of what matters is kept',
  social_average_precision: 'Average precision, on posts',
}

/** A measure's name; one we do not know yet shows as it is written. */
export const measureWord = (name: string) =>
  measureWords[name] ?? name.charAt(0).toLocaleUpperCase('en') + name.slice(1).replaceAll('_', ' ')

const SHARE = new Intl.NumberFormat('en-IN', {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})
const MEASURE = new Intl.NumberFormat('en-IN', {
  minimumFractionDigits: 3,
  maximumFractionDigits: 3,
})

export const share = (value: number) => `${SHARE.format(value * 100)} %`

/** Shares of texts read as percent; what is no share has three digits. */
export const measure = (name: string, value: number) =>
  name !== 'score_error' && /error|accuracy|recall|rejected/.test(name)
    ? share(value)
    : MEASURE.format(value)
