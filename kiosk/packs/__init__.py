"""WHAT IS SHOWN: packs and fairs, pure."""
