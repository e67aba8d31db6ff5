"""What older versions of libraries wrote otherwise: one row a difference, in one table.

The rows of Keras come from comparing, by their syntax trees, the public modules of Keras 1.2.2, 2.2.4, 2.3.1 and 2.15
(the sources of `tf.keras`) with those of Keras 3; what Keras 1 called its arguments is said by Keras 2 itself, in
`keras/legacy/interfaces.py`. Each row is either read as what it means today, which is noted for the teacher, or `lost`:
nothing today means the same, and what fails for it fails for another library version's sake.
"""
