"""A grid of three methods, of which each has one knob more than the one before."""

HEAD = """\
question: q
tasks: [adding]
lengths: [5, 9]
seeds: 2
model: {stacked: {width: 4}}
"""
METHODS = """\
methods:
  - {name: plain, cell: vanilla}
  - {name: clip, cell: vanilla, mitigations: [clip_global_norm]}
  - {name: skip, cell: vanilla, mitigations: [clip_global_norm, {skip_in_time: {steps: 2}}]}
"""
SPACE = """\
  space:
    clip_global_norm.threshold: {low: 0.1, high: 10, also: [.inf]}
    skip_in_time.steps: {low: 2, high: 4}
"""
