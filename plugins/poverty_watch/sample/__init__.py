"""A synthetic county with deliveries for any span of months: nobody in it exists."""

from poverty_watch.sample.generator import SampleError, SampleSummary, generate

__all__ = ["SampleError", "SampleSummary", "generate"]
