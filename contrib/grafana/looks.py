"""How panels look: the few kinds of charts that the dashboard has.

Contract: each function gives a new chart, without queries, for :class:`contrib.grafana.panel.Panel` to fill in.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders import bargauge, common, heatmap, stat, statetimeline, timeseries
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    ScaleDistribution,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode, HeatmapColorScale

from contrib.grafana.colours import NEUTRAL, NONE, RED, Steps, Words, by_name, by_value, mappings, thresholds

_NOTHING = "–"


def number(steps: Steps = NEUTRAL, words: Words = ()) -> stat.Panel:
    """One number, and how it came to be."""
    return (
        stat.Panel().reduce_options(_last()).graph_mode(BigValueGraphMode.AREA).color_mode(BigValueColorMode.VALUE)
        .text_mode(BigValueTextMode.VALUE).color_scheme(by_value()).thresholds(thresholds(steps))
        .mappings(mappings(words)).no_value(_NOTHING)
    )  # fmt: skip


def names() -> stat.Panel:
    """Numbers, each with its name."""
    return number().text_mode(BigValueTextMode.VALUE_AND_NAME).graph_mode(BigValueGraphMode.NONE)


def bars_to_one(steps: Steps) -> bargauge.Panel:
    """A bar a series, of which 1 is all; more than that is said in figures."""
    return (
        bargauge.Panel().reduce_options(_last()).display_mode(BarGaugeDisplayMode.GRADIENT)
        .orientation(VizOrientation.HORIZONTAL).min(0).max(1).color_scheme(by_value()).thresholds(thresholds(steps))
        .no_value(_NOTHING)
    )  # fmt: skip


def lines(limit: float | None = None) -> timeseries.Panel:
    """A line a series, and a dashed one at the limit. Where there is nothing to say, there is no line."""
    chart = (
        timeseries.Panel().draw_style(GraphDrawStyle.LINE).line_width(1).fill_opacity(10)
        .show_points(VisibilityMode.AUTO).axis_soft_min(0).color_scheme(by_name()).legend(_legend())
        .tooltip(_tooltip())
    )  # fmt: skip
    if limit is not None:
        style = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        chart.thresholds(thresholds(((NONE, None), (RED, limit)))).thresholds_style(style)
    return chart


def spans() -> timeseries.Panel:
    """Durations, from parts of a second to days: the scale is logarithmic above a second."""
    scale = common.ScaleDistributionConfig().type(ScaleDistribution.SYMLOG).log(10).linear_threshold(1)
    return lines().scale_distribution(scale)


def stacked() -> timeseries.Panel:
    """Series that add up to something."""
    return lines().fill_opacity(40).stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))


def columns() -> timeseries.Panel:
    """Counts, each of a stretch of time, on top of each other."""
    return stacked().draw_style(GraphDrawStyle.BARS).fill_opacity(80).line_width(0)


def states(words: Words) -> statetimeline.Panel:
    """What was so when: a strip a series."""
    legend = common.VizLegendOptions().show_legend(True).display_mode(LegendDisplayMode.LIST)
    return (
        statetimeline.Panel().mappings(mappings(words)).color_scheme(by_value()).show_value(VisibilityMode.NEVER)
        .row_height(0.8).fill_opacity(80).line_width(0).merge_values(True)
        .legend(legend.placement(LegendPlacement.BOTTOM)).tooltip(_tooltip())
    )  # fmt: skip


def density() -> heatmap.Panel:
    """How many, by how much and when."""
    colour = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Turbo").steps(64)
    return (
        heatmap.Panel().calculate(False).color(colour.scale(HeatmapColorScale.EXPONENTIAL).exponent(0.5).reverse(False))
        .y_axis(heatmap.YAxisConfig().unit(units.Seconds)).cell_values(heatmap.CellValues().unit(units.Short))
        .cell_gap(1).show_legend().filter_values(heatmap.FilterValueRange().le(1e-9))
    )  # fmt: skip


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().values(False).calcs(["lastNotNull"])


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(True).display_mode(LegendDisplayMode.TABLE)
    return legend.placement(LegendPlacement.BOTTOM).calcs(["lastNotNull", "max"])


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
