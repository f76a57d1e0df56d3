"""Parsers: rows of text from CSV, JSON and XLSX files."""
