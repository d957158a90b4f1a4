"""Cases: from a confirmed lead to a decision, and from a risk that is gone out of monitoring."""
