"""Erasing a number on request (ERASE), deleting texts and files by their age, and deleting a business."""
