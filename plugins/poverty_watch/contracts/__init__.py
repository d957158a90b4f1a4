"""What each department owes and what its deliveries must look like, read from ``expectations/``."""

from poverty_watch.contracts.catalogue import Catalogue, ContractError, Department, load_catalogue
from poverty_watch.contracts.models import Column, Contract, DepartmentCard, Pages

__all__ = [
    "Catalogue",
    "Column",
    "Contract",
    "ContractError",
    "Department",
    "DepartmentCard",
    "Pages",
    "load_catalogue",
]
