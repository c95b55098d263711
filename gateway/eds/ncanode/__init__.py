"""NCANode (https://ncanode.kz): signatures verified and made by KalkanCrypt on another machine, where that is demanded.

Its answer is one input. What it leaves open (nca-profile section 6: coverage, the chain above the issuer, the
signatures of revocation answers) is judged here as well.
"""
