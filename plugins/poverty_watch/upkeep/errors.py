"""What upkeep refuses."""


class UpkeepError(ValueError):
    """It cannot be done; the message is Chinese and says what to do."""
