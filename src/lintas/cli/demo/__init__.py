"""`lintas demo`: the main job between two fictional jurisdictions, through public doors only."""

from lintas.cli.demo.command import demo

__all__ = ["demo"]
